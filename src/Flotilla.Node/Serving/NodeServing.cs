using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Node.Serving;

/// <summary>What the node's own server needs to prove itself and to recognize those who ask.</summary>
/// <param name="Certificate">Shown on each new connection.</param>
/// <param name="ClientAuthorities">Whose clients are believed to be who their certificates say, at each request.</param>
public sealed record NodeServing(Func<X509Certificate2> Certificate, Func<X509Certificate2Collection> ClientAuthorities)
{
    /// <summary>Taken when it is free; otherwise any other, which the Node object tells.</summary>
    public int Port { get; init; } = 10250;
}
