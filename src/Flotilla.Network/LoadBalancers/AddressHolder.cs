using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flotilla.Client;
using Flotilla.Linux.Commands;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Network.LoadBalancers;

/// <summary>
/// Keeps the addresses that this node answers for on a device of its own, and tells the neighbours that they are here.
/// They stay when the agent stops, or hears nothing of the servers: the node answers until another one takes them over, which it
/// hears from that one itself.
/// </summary>
public sealed partial class AddressHolder(
    NetworkOptions options, InformerSet informers, HostCommands commands, INeighbours neighbours, TimeProvider time, ILogger<AddressHolder> logger) : BackgroundService
{
    private const int Repetitions = 4;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(30);

    private readonly NeighbourProxies proxies = new(commands);
    private readonly DirtyKeys changed = new(time, Gather);
    private readonly Dictionary<IPAddress, int> untold = [];

    // Another node has them, whatever the services said last.
    private readonly ConcurrentDictionary<IPAddress, bool> lost = new();
    private readonly TaskCompletionSource holding = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isMade;
    private bool holdsAny = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var services = informers.Of<V1Service>();
        var nodes = informers.Of<V1Node>();
        services.Subscribe(change =>
        {
            var back = Of(change.New).Where(address => lost.TryRemove(address, out _)).ToList();
            if (back.Count > 0 || !Of(change.Old).SequenceEqual(Of(change.New)))
            {
                changed.Add(change.Latest.Key());
            }
        });
        try
        {
            await services.WaitForSyncAsync(stoppingToken);
            await nodes.WaitForSyncAsync(stoppingToken);
            changed.Poke();
            await Task.WhenAll(HoldAsync(services, nodes, stoppingToken), ListenAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The addresses stay.
        }
    }

    private async Task HoldAsync(Informer<V1Service> services, Informer<V1Node> nodes, CancellationToken stoppingToken)
    {
        while (true)
        {
            await changed.TakeAsync(untold.Count > 0 ? RepeatAfter : holdsAny ? CheckEvery : Timeout.InfiniteTimeSpan, stoppingToken);

            // Whatever an annotation says: the addresses of nodes stay theirs.
            await ApplyAsync([.. services.List().SelectMany(Of).Except(nodes.List().SelectMany(AddressesOf)).Except(lost.Keys)], stoppingToken);
        }
    }

    // A node that only the servers lost goes on, and another one takes its addresses: both would answer.
    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await holding.Task.WaitAsync(stoppingToken);
        try
        {
            await foreach (var address in neighbours.ClaimsAsync(stoppingToken))
            {
                // While it is telling that itself, what it hears is of before.
                if (untold.Count == 0 && informers.Of<V1Service>().List().SelectMany(Of).Contains(address) && lost.TryAdd(address, true))
                {
                    Log.Lost(logger, address);
                    changed.Poke();
                }
            }
        }
        catch (Exception deaf) when (deaf is SocketException or NetworkInformationException)
        {
            Log.Deaf(logger, deaf.Message);
        }
    }

    private IEnumerable<IPAddress> Of(V1Service? service) => service is null ? [] : HeldAddresses.For(service, options.NodeName);

    private static IEnumerable<IPAddress> AddressesOf(V1Node node) =>
        (node.Status?.Addresses ?? []).Select(one => IPAddress.TryParse(one.Address, out var address) ? address : null).OfType<IPAddress>();

    private async Task ApplyAsync(HashSet<IPAddress> wanted, CancellationToken cancellationToken)
    {
        try
        {
            var found = await BalancerDevice.AddressesAsync(commands, options.BalancerName, cancellationToken);
            isMade &= found is not null;
            var held = found ?? [];
            var given = held.Except(wanted).ToList();
            await proxies.EndAsync(given, cancellationToken);
            foreach (var address in given)
            {
                untold.Remove(address);
                await commands.RunAsync("ip", ["addr", "del", Text(address), "dev", options.BalancerName], cancellationToken);
                Log.Released(logger, address);
            }

            foreach (var address in wanted.Except(held))
            {
                await AddAsync(address, cancellationToken);
                untold[address] = Repetitions;
                Log.Taken(logger, address);
            }

            await proxies.AnswerAsync(wanted, neighbours.LinkOf, cancellationToken);
            Tell();
            holdsAny = wanted.Count > 0;
            if (holdsAny)
            {
                holding.TrySetResult();
            }
        }
        catch (CommandException error)
        {
            Log.Failed(logger, error.Message);
            await Task.Delay(RepeatAfter, time, cancellationToken);
            changed.Poke();
        }
    }

    private async Task AddAsync(IPAddress address, CancellationToken cancellationToken)
    {
        if (!isMade)
        {
            // A bridge without ports, which every kernel has that runs pods. It may be there from before.
            await commands.RunAsync("ip", ["link", "add", options.BalancerName, "type", "bridge"], cancellationToken);
            await commands.DoAsync("ip", ["link", "set", options.BalancerName, "up"], cancellationToken);
            isMade = true;
        }

        // Without it an address of the new family is not used before nobody else is found to have it, which takes a second.
        string[] now = address.AddressFamily == AddressFamily.InterNetworkV6 ? ["nodad"] : [];
        await commands.DoAsync("ip", ["addr", "replace", Text(address), "dev", options.BalancerName, .. now], cancellationToken);
    }

    /// <summary>Several times: who misses one hears the next.</summary>
    private void Tell()
    {
        foreach (var (address, left) in untold.ToList())
        {
            try
            {
                neighbours.Tell(address);
            }
            catch (Exception error) when (error is SocketException or NetworkInformationException)
            {
                Log.Untold(logger, address, error.Message);
            }

            if (left > 1)
            {
                untold[address] = left - 1;
            }
            else
            {
                untold.Remove(address);
            }
        }
    }

    private static string Text(IPAddress address) => $"{address}/{(address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32)}";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "This node answers for {Address} now")]
        public static partial void Taken(ILogger logger, IPAddress address);

        [LoggerMessage(Level = LogLevel.Information, Message = "This node no longer answers for {Address}")]
        public static partial void Released(ILogger logger, IPAddress address);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Another machine says that it has {Address}: this node gives it up until the cluster says otherwise")]
        public static partial void Lost(ILogger logger, IPAddress address);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Whether others take addresses of load balancers over cannot be heard here: {Reason}")]
        public static partial void Deaf(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The neighbours could not be told that {Address} is here ({Reason}); they find out when they ask")]
        public static partial void Untold(ILogger logger, IPAddress address, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "Addresses of load balancers could not be set; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
