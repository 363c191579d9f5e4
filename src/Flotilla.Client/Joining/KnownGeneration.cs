using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Client.Joining;

/// <summary>
/// The newest <see cref="ClusterGeneration"/> that a machine has known, kept in a file: of a server that an earlier one shows it does not believe what is in the
/// cluster. May be used from any thread.
/// </summary>
public sealed class KnownGeneration(string directory)
{
    private readonly Lock gate = new();
    private long latest = ClusterGeneration.Read(directory);

    public long Latest
    {
        get
        {
            lock (gate)
            {
                return latest;
            }
        }
    }

    /// <summary>Called with each server's certificate that is refused.</summary>
    public Action<X509Certificate2>? Refused { get; set; }

    /// <summary>As a machine that never joined; the file is gone.</summary>
    public void Forget()
    {
        lock (gate)
        {
            latest = 0;
        }
    }

    /// <param name="server">The certificate of a server that has proved itself.</param>
    /// <returns>False: the cluster went on without it.</returns>
    public bool Accepts(X509Certificate2 server)
    {
        var shown = ClusterGeneration.Of(server);
        lock (gate)
        {
            if (shown > latest)
            {
                ClusterGeneration.Write(directory, shown);
                latest = shown;
            }

            if (shown >= latest)
            {
                return true;
            }
        }

        Refused?.Invoke(server);
        return false;
    }
}
