using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Node.Serving;

/// <summary>What the node's own server needs to prove itself and to recognize those who ask.</summary>
/// <param name="Certificate">Shown on each new connection.</param>
/// <param name="ClientAuthority">Whose clients are believed to be who their certificates say.</param>
public sealed record NodeServing(Func<X509Certificate2> Certificate, X509Certificate2 ClientAuthority)
{
    /// <summary>Taken when it is free; otherwise any other, which the Node object tells.</summary>
    public int Port { get; init; } = 10250;
}
