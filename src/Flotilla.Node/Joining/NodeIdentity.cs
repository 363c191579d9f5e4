using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Node.Joining;

/// <summary>
/// What a joined machine keeps of its cluster: the authority it trusts, and its certificates as a client and as a server,
/// each with its key in one file that is replaced as a whole. May be used from any thread.
/// </summary>
public sealed class NodeIdentity
{
    private const string AuthorityFile = "ca.crt";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string directory;
    private volatile X509Certificate2? client;
    private CancellationTokenSource replaced = new();
    private volatile X509Certificate2? serving;

    public NodeIdentity(string directory)
    {
        this.directory = directory;
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        client = Load("client.pem");
        serving = Load("serving.pem");
        Authority = File.Exists(PathOf(AuthorityFile)) ? X509Certificate2.CreateFromPem(File.ReadAllText(PathOf(AuthorityFile))) : null;
    }

    /// <summary>Null: this machine has not joined.</summary>
    public X509Certificate2? Authority { get; private set; }

    public X509Certificate2? Client => client;

    public X509Certificate2? Serving => serving;

    /// <summary>Cancelled when <see cref="Client"/> gives way to the next: connections that it opened should too.</summary>
    public CancellationToken ClientReplaced => replaced.Token;

    /// <summary>Where the servers are remembered.</summary>
    public string ServersFile => PathOf("servers");

    public void SetAuthority(X509Certificate2 authority)
    {
        Write(AuthorityFile, authority.ExportCertificatePem());
        Authority = authority;
    }

    /// <param name="pem">Certificate and key.</param>
    public void SetClient(string pem)
    {
        Write("client.pem", pem);
        client = Load("client.pem");
        Interlocked.Exchange(ref replaced, new CancellationTokenSource()).Cancel();
    }

    public void SetServing(string pem)
    {
        Write("serving.pem", pem);
        serving = Load("serving.pem");
    }

    /// <summary>As a machine that never joined.</summary>
    public void Forget()
    {
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            File.Delete(file);
        }

        (client, serving, Authority) = (null, null, null);
    }

    /// <summary>The files of one that is a server of its cluster from now on, whose authority they share.</summary>
    public static IReadOnlyList<string> OwnFiles { get; } = ["client.pem", "serving.pem", "servers"];

    private X509Certificate2? Load(string name)
    {
        if (!File.Exists(PathOf(name)))
        {
            return null;
        }

        var pem = File.ReadAllText(PathOf(name));
        return X509Certificate2.CreateFromPem(pem, pem);
    }

    private void Write(string name, string content)
    {
        var temporary = PathOf($".{name}.new");
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            using (var writer = new StreamWriter(file, leaveOpen: true))
            {
                writer.Write(content);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, PathOf(name), overwrite: true);
    }

    private string PathOf(string name) => Path.Combine(directory, name);
}
