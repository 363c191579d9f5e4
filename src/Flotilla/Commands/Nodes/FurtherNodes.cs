using System.Diagnostics;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Spectre.Console;

namespace Flotilla.Commands.Nodes;

/// <summary>The nodes of a cluster on this machine beside its first: servers and workers, each started as soon as it can be.</summary>
internal sealed class FurtherNodes(ClusterSettings cluster, int servers, int count)
{
    private readonly LocalNodes nodes = new(cluster);
    private readonly long start = Stopwatch.GetTimestamp();

    /// <summary>Those that have joined the servers: they need no token, and without them there may be no quorum.</summary>
    public Task StartJoinedAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(nodes.Servers.Where(node => node.Join is { IsDone: true }).ToList().Select(node => StartAsync(node, null, cancellationToken)));

    /// <summary>All others, once the API answers.</summary>
    public async Task StartOthersAsync(CancellationToken cancellationToken)
    {
        var others = Prepare().Where(node => node.Join is not { IsDone: true }).ToList();
        if (others.Count == 0)
        {
            return;
        }

        using var client = ControlPlane.AdminClient(cluster);
        var tokens = new LocalTokens(cluster, client);
        await Task.WhenAll(others.Select(async node => await StartAsync(node, await tokens.ForAsync(node, cancellationToken), cancellationToken)));
    }

    // New ones are servers until there are enough of those.
    private List<ClusterSettings> Prepare()
    {
        var missing = servers - 1 - nodes.Servers.Count();
        return [.. nodes.NamesFor(Math.Max(count, servers)).Select(name => nodes.Prepare(name, asServer: !nodes.Exists(name) && missing-- > 0))];
    }

    private async Task StartAsync(ClusterSettings node, string? token, CancellationToken cancellationToken)
    {
        var isReady = await nodes.StartAsync(node, token, cancellationToken);
        var what = node.Agent is null ? "server" : "node";
        AnsiConsole.MarkupLine($"[green]✓[/] {what} {node.NodeName.EscapeMarkup()} {(isReady ? "is Ready" : "is locked")} [grey]{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s[/]");
    }
}
