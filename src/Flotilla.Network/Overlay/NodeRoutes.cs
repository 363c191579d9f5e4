using System.Net;
using System.Text.Json;
using Flotilla.Client;
using Flotilla.Linux.Commands;
using Flotilla.Network.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Network.Overlay;

/// <summary>
/// Ways to the pods of all other nodes, kept equal to the Node objects. They stay when the agent stops, and what is
/// left of nodes that went meanwhile is removed at the next start.
/// </summary>
public sealed partial class NodeRoutes(
    NetworkOptions options, InformerSet informers, HostCommands commands, TimeProvider time, ILogger<NodeRoutes> logger) : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly DirtyKeys changed = new(time, Gather);
    private IReadOnlyCollection<Peer>? known;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var nodes = informers.Of<V1Node>();
        nodes.Subscribe(change =>
        {
            if (change.Old is null || change.New is null || !Peer.For(change.Old, options).SequenceEqual(Peer.For(change.New, options)))
            {
                changed.Add(change.Latest.Key());
            }
        });
        try
        {
            await nodes.WaitForSyncAsync(stoppingToken);
            changed.Poke();
            while (true)
            {
                if (await changed.TakeAsync(CheckEvery, stoppingToken) is null)
                {
                    // Others may have removed routes, or the device.
                    known = null;
                }

                await ApplyAsync([.. nodes.List().Where(node => node.Metadata.Name != options.NodeName).SelectMany(node => Peer.For(node, options))], stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The routes stay: pods keep their connections while the agent restarts.
        }
    }

    private async Task ApplyAsync(List<Peer> wanted, CancellationToken cancellationToken)
    {
        try
        {
            if (known is null)
            {
                await new OverlayLink(options, commands).EnsureAsync(cancellationToken);
                known = await LeftAsync(wanted, cancellationToken);
            }

            foreach (var command in OverlayPlan.For(options, known, wanted).Commands)
            {
                // What is to be deleted may be gone.
                if (!(await commands.RunAsync(command[0], command[1..], cancellationToken) is { Succeeded: false } failure) || command.Contains("del", StringComparer.Ordinal))
                {
                    continue;
                }

                throw new CommandException($"{string.Join(' ', command)}: {failure.Error.Trim()}");
            }

            known = wanted;
        }
        catch (CommandException error)
        {
            Log.Failed(logger, error.Message);
            known = null;
            await Task.Delay(RetryAfter, time, cancellationToken);
            changed.Poke();
        }
    }

    /// <summary>Ranges that the kernel has routes to and no node has any more.</summary>
    private async Task<List<Peer>> LeftAsync(List<Peer> wanted, CancellationToken cancellationToken)
    {
        List<Peer> left = [];
        foreach (var network in options.Families)
        {
            left.AddRange((await RangesAsync(network, cancellationToken)).Where(range => !wanted.Any(peer => peer.Pods.Equals(range))).Select(range => new Peer(range, IPAddress.None, Peer.HardwareAddressOf(range))));
        }

        return left;
    }

    private async Task<List<IPNetwork>> RangesAsync(FamilyNetwork network, CancellationToken cancellationToken)
    {
        string[] which = options.Backend == Backend.Vxlan ? ["dev", options.OverlayName] : [];
        var routes = await commands.RunAsync("ip", ["-j", network.Family.Flag, "route", "show", .. which], cancellationToken);
        if (!routes.Succeeded || routes.Output.Trim().Length == 0)
        {
            return [];
        }

        using var document = JsonDocument.Parse(routes.Output);
        return
        [
            .. document.RootElement.EnumerateArray()
                .Where(route => route.TryGetProperty("gateway", out _))
                .Select(route => IPNetwork.TryParse(route.GetProperty("dst").GetString(), out var range) ? range : default)
                .Where(range => range.PrefixLength > network.ClusterPods.PrefixLength && network.ClusterPods.Contains(range.BaseAddress)),
        ];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Routes to other nodes could not be set; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
