using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Nodes;

/// <summary>
/// The nodes that have dialed this server. A node may have several tunnels, for it may know this server by several names or
/// have come back before the end of its last tunnel was noticed: the newest is used. May be used from any thread.
/// </summary>
internal sealed partial class NodeTunnels(ILogger<NodeTunnels> logger)
{
    private const int LooksForReturn = 60;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, ImmutableList<NodeTunnel>> tunnels = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> seen = new(StringComparer.Ordinal);

    /// <summary>
    /// The node's tunnel. A node that renews its certificate or restarts its agent opens a new one right away, so one that has
    /// dialed before is given three seconds. Null: there is none.
    /// </summary>
    public async ValueTask<NodeTunnel?> FindAsync(string node, CancellationToken cancellationToken)
    {
        for (var look = 0; ; look++)
        {
            if (TryGet(node, out var tunnel))
            {
                return tunnel;
            }

            if (look == LooksForReturn || !seen.ContainsKey(node))
            {
                return null;
            }

            await Task.Delay(LookEvery, cancellationToken);
        }
    }

    public bool TryGet(string node, [NotNullWhen(true)] out NodeTunnel? tunnel)
    {
        tunnel = tunnels.TryGetValue(node, out var open) ? open[^1] : null;
        return tunnel is not null;
    }

    /// <summary>The tunnel that brings a connection of this number; numbers are never used twice.</summary>
    public NodeTunnel? Waiting(string node, string number) =>
        tunnels.TryGetValue(node, out var open) ? open.Find(tunnel => tunnel.Awaits(number)) : null;

    public NodeTunnel Open(string node)
    {
        var tunnel = new NodeTunnel();
        seen[node] = true;
        tunnels.AddOrUpdate(node, _ => [tunnel], (_, open) => open.Add(tunnel));
        Log.Opened(logger, node);
        return tunnel;
    }

    public void Close(string node, NodeTunnel tunnel)
    {
        tunnel.Close();
        while (tunnels.TryGetValue(node, out var open))
        {
            var rest = open.Remove(tunnel);
            if (rest.IsEmpty ? tunnels.TryRemove(KeyValuePair.Create(node, open)) : tunnels.TryUpdate(node, rest, open))
            {
                break;
            }
        }

        Log.Closed(logger, node);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} is connected")]
        public static partial void Opened(ILogger logger, string node);

        [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} is no longer connected")]
        public static partial void Closed(ILogger logger, string node);
    }
}
