using System.Collections.Concurrent;
using System.Net;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Linux.Commands;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine.Networks;

/// <summary>
/// This machine's containers in networks of the swarm. What the cluster is told is always all of it, as the records of running containers have it:
/// a place that nobody has any more, whatever went wrong in between, goes with the next time.
/// </summary>
internal sealed partial class SwarmPlaces(PodSandboxes sandboxes, TimeProvider time, ILogger<SwarmPlaces> logger) : IDisposable
{
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, SwarmAttachment> wanted = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim telling = new(1);
    private readonly SemaphoreSlim untold = new(1);
    private readonly SemaphoreSlim moved = new(1);

    /// <summary>null: this machine is in no cluster, or its server is locked.</summary>
    public ISwarmNetworks? Swarm { get; private set; }

    public void Join(ISwarmNetworks swarm)
    {
        Swarm = swarm;
        swarm.WhenMoved(() => Signal(moved));
        Signal(untold);
        Signal(moved);
    }

    /// <summary>Returns when places may have gone since the last time.</summary>
    public Task MovedAsync(CancellationToken cancellationToken) => moved.WaitAsync(cancellationToken);

    /// <summary>Whether that which a container's link came from is there; where nobody can tell, it is.</summary>
    public async Task<bool> IsThereAsync(Container container, EndpointRecord endpoint, CancellationToken cancellationToken) =>
        endpoint.Sandbox.Length == 0 || Swarm is not { } swarm || await swarm.IsThereAsync(container.Id, endpoint.Sandbox, endpoint.Address, cancellationToken);

    /// <summary>Whether a container that runs is there by that network.</summary>
    public static bool IsSwarms(EndpointRecord endpoint) => endpoint.Search.Count > 0;

    /// <summary>What those have that run already.</summary>
    public void Load(IEnumerable<Container> containers)
    {
        foreach (var container in containers.Where(container => container.Record.State.IsRunning))
        {
            if (container.Record.Networks.Values.FirstOrDefault(IsSwarms) is { } first)
            {
                wanted[container.Id] = For(container, first.Place, container.Record.Networks.Values.Where(IsSwarms));
            }
        }
    }

    /// <summary>Until cancelled: tells what could not be told, or was not when the process before this one ended.</summary>
    public async Task KeepTellingAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await untold.WaitAsync(cancellationToken);
            while (!await TryTellAsync(cancellationToken))
            {
                await Task.Delay(TellAgain, time, cancellationToken);
            }
        }
    }

    /// <summary>A network of the swarm that containers may be in.</summary>
    /// <exception cref="DockerException">There is none, or they may not.</exception>
    public async Task<SwarmNetwork> FindAsync(string word, CancellationToken cancellationToken)
    {
        if (Swarm is not { } swarm || await swarm.FindAsync(word, cancellationToken) is not { } network)
        {
            throw new DockerException(404, Swarm is { IsActive: true } ? $"Could not attach to network {word}: rpc error: code = NotFound desc = network {word} not found" : $"network {word} not found");
        }

        return network.IsAttachable ? network : throw new DockerException(403, $"Could not attach to network {network.Name}: rpc error: code = PermissionDenied desc = network {network.Name} not manually attachable");
    }

    /// <summary>The place of a container in these networks and no others: its own that it has, or a new one.</summary>
    /// <returns>The place, and a process that is in the namespace of its pod.</returns>
    /// <exception cref="DockerException">There is none; then it is in those networks that it was in before.</exception>
    public async Task<(SwarmPlace Place, int Process)> EnterAsync(Container container, string place, IEnumerable<EndpointRecord> endpoints, CancellationToken cancellationToken)
    {
        var before = wanted.GetValueOrDefault(container.Id);
        var now = For(container, place, endpoints);
        wanted[container.Id] = now;
        try
        {
            await TellAsync(cancellationToken);
            var found = await Swarm!.PlaceAsync(now, cancellationToken);
            return (found, await sandboxes.ProcessAsync(found.Sandbox, cancellationToken));
        }
        catch
        {
            if (before is null)
            {
                wanted.TryRemove(container.Id, out _);
            }
            else
            {
                wanted[container.Id] = before;
            }

            Signal(untold);
            throw;
        }
    }

    /// <summary>Takes networks from a container; what goes on with their members ends.</summary>
    /// <param name="left">Those that it remains in.</param>
    public async Task LeaveAsync(Container container, EndpointRecord network, IReadOnlyList<EndpointRecord> left, CancellationToken cancellationToken)
    {
        if (left.Count == 0)
        {
            await LeaveAllAsync(container, cancellationToken);
            await (Swarm?.LeftAsync(container.Id, cancellationToken) ?? Task.CompletedTask);
            return;
        }

        if (Swarm is not { } swarm)
        {
            wanted[container.Id] = For(container, network.Place, left);
            return;
        }

        var ended = swarm.Members([network.NetworkId], [.. left.Select(endpoint => endpoint.NetworkId)]);
        await EnterAsync(container, network.Place, left, cancellationToken);
        foreach (var other in ended)
        {
            await EndFlowsAsync(IPAddress.Parse(network.Address), other, cancellationToken);
        }
    }

    /// <summary>Its place goes, at the latest when the cluster answers again.</summary>
    public async Task LeaveAllAsync(Container container, CancellationToken cancellationToken)
    {
        if (wanted.TryRemove(container.Id, out _) && !await TryTellAsync(cancellationToken))
        {
            Signal(untold);
        }
    }

    public void Dispose()
    {
        telling.Dispose();
        untold.Dispose();
        moved.Dispose();
    }

    private static SwarmAttachment For(Container container, string place, IEnumerable<EndpointRecord> endpoints) =>
        new(container.Id, place, [.. endpoints.Select(endpoint => new SwarmMembership(endpoint.NetworkId, [container.Record.Name, container.ShortId, .. endpoint.Aliases]))]);

    private async Task EndFlowsAsync(IPAddress one, IPAddress other, CancellationToken cancellationToken)
    {
        try
        {
            await NetworkLinks.EndFlowsAsync(one, other, cancellationToken);
        }
        catch (CommandException missing)
        {
            Log.FlowsLast(logger, missing.Message);
        }
    }

    // Not more than one that waits: it sees to everything.
    private static void Signal(SemaphoreSlim what)
    {
        if (what.CurrentCount == 0)
        {
            what.Release();
        }
    }

    private async Task<bool> TryTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TellAsync(cancellationToken);
            return true;
        }
        catch (DockerException failure)
        {
            Log.NotTold(logger, failure.Message);
            return false;
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        await telling.WaitAsync(cancellationToken);
        try
        {
            if (Swarm is { } swarm)
            {
                await swarm.TellAsync([.. wanted.Values], cancellationToken);
            }
        }
        finally
        {
            telling.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The cluster is not told yet which containers are in its networks: {Reason}")]
        public static partial void NotTold(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "What a container had begun in a network that it left ends by timeout only: {Reason}")]
        public static partial void FlowsLast(ILogger logger, string reason);
    }
}
