using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;

namespace Flotilla.Joining;

/// <summary>Tokens for the nodes of this machine, whose first start is at hand.</summary>
internal sealed class LocalTokens(ClusterSettings cluster, IObjectClient client)
{
    private static readonly TimeSpan ManagersLifetime = TimeSpan.FromMinutes(15);

    private readonly JoinTokens tokens = new(client, TimeProvider.System);

    /// <summary>Null: it has joined and needs none.</summary>
    public async Task<string?> ForAsync(ClusterSettings node, CancellationToken cancellationToken)
    {
        var hash = JoinToken.HashOf(ControlPlane.IdentityFor(cluster, TimeProvider.System).CaCertificate);
        if (node.Agent is not null)
        {
            return (await tokens.EnsureAsync(cancellationToken)).For(hash).ToString();
        }

        return node.Join is { IsDone: true } ? null : (await tokens.CreateManagerAsync(hash, ManagersLifetime, $"made for {node.NodeName} on this machine", cancellationToken)).ToString();
    }
}
