using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>
/// Registers the node and keeps its status and lease current. Looks often until the node is ready, then every
/// <see cref="NodeOptions.StatusInterval"/>; writes the status only when it changed, or every five minutes.
/// </summary>
public sealed partial class NodeStatusService(
    NodeOptions options, IObjectClient client, CriClient runtime, EventRecorder events, TimeProvider time, ILogger<NodeStatusService> logger)
    : BackgroundService
{
    private static readonly TimeSpan EagerInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan EagerPeriod = TimeSpan.FromSeconds(30);
    private const int RenewalsInLease = 4;
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(5);
    private const int InternalError = 500;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(10);
    private readonly NodeLease lease = new(options, client, time);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? nodeUid;
    private TaskCompletionSource hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ExtendedResources extended = ExtendedResources.None;
    private DateTimeOffset lastWrite;
    private readonly Lock telling = new();
    private (string? Reason, long At) told;

    /// <summary>Where the node's own server listens; null: there is none.</summary>
    public Func<int?> ServerPort { get; init; } = () => null;

    /// <summary>Number of devices of plugins, and of those that are healthy, by resource.</summary>
    internal Func<IReadOnlyDictionary<string, (int All, int Healthy)>> Devices { get; init; } = () => new Dictionary<string, (int, int)>(StringComparer.Ordinal);

    /// <summary>null: nothing is ever attached.</summary>
    internal Csi.VolumesInUse? InUse { get; init; }

    /// <summary>Something that the status tells has changed: it is looked at now.</summary>
    public void Hurry() => Interlocked.Exchange(ref hurry, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Why the node is about to end; null: it is not.</summary>
    public Func<string?> Shutdown { get; init; } = () => null;

    internal Func<NodePressure> Pressure { get; init; } = () => default;

    /// <summary>Until the node has been reported ready once.</summary>
    public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => ready.Task.WaitAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken) =>
        await Task.WhenAll(ReportAsync(stoppingToken), RenewLeaseAsync(stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        Record("Starting", "Starting kubelet.");
        var start = time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = hurry.Task;
            var done = await AttemptAsync(async () =>
            {
                if (nodeUid is null)
                {
                    await RegisterAsync(await RuntimeState.ReadAsync(runtime, cancellationToken), cancellationToken);
                }
                await SyncAsync(cancellationToken);
            });
            var eager = !(done && ready.Task.IsCompleted) && time.GetElapsedTime(start) < EagerPeriod;
            await changed.WaitAsync(eager ? EagerInterval : options.StatusInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewLeaseAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var done = await AttemptAsync(() => lease.RenewAsync(nodeUid, cancellationToken));
            await Task.Delay(done && nodeUid is not null ? options.LeaseDuration / RenewalsInLease : RetryInterval, time, cancellationToken);
        }
    }

    /// <summary>
    /// Makes the Node before the runtime runs: by then the cluster has given it a range for its pods.
    /// </summary>
    /// <exception cref="ApiException">The cluster does not take it.</exception>
    public async Task RegisterEarlyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await RegisterAsync(RuntimeState.Starting, cancellationToken);
                return;
            }
            catch (ApiException conflict) when (conflict.IsConflict)
            {
                // Somebody else writes it at this moment; the loop tries again.
                return;
            }
            catch (Exception away) when (away is HttpRequestException or TimeoutException or ApiException { Code: >= InternalError })
            {
                // Servers change places: that is no reason not to start.
                Log.NotRegistered(logger, options.NodeName, away.Message);
            }

            await Task.Delay(RetryInterval, time, cancellationToken);
        }
    }

    private async Task RegisterAsync(RuntimeState state, CancellationToken cancellationToken)
    {
        try
        {
            var created = await client.CreateAsync(
                new V1Node
                {
                    ApiVersion = "v1",
                    Kind = "Node",
                    Metadata = new V1ObjectMeta { Name = options.NodeName, Labels = MachineInfo.Labels(options) },
                    Spec = new V1NodeSpec(),
                    Status = StatusFor(null, state with { NotReady = state.NotReady ?? "node is registering" }),
                },
                cancellationToken);
            nodeUid = created.Metadata.Uid;
            Record("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods");
            Log.Registered(logger, options.NodeName);
        }
        catch (ApiException present) when (present.IsAlreadyExists)
        {
            nodeUid = await AdoptAsync(cancellationToken);
        }
    }

    // From before a restart of the agent: its labels may have been set by somebody else, ours are kept current.
    private async Task<string> AdoptAsync(CancellationToken cancellationToken)
    {
        var node = await client.GetAsync<V1Node>(new ObjectKey(null, options.NodeName), cancellationToken);
        var labels = new Dictionary<string, string>(node.Metadata.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal);
        var stale = MachineInfo.Labels(options).Where(label => labels.GetValueOrDefault(label.Key) != label.Value).ToList();
        if (stale.Count > 0)
        {
            stale.ForEach(label => labels[label.Key] = label.Value);
            await client.UpdateAsync(node with { Metadata = node.Metadata with { Labels = labels } }, cancellationToken);
        }
        return node.Metadata.Uid;
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        var state = await RuntimeState.ReadAsync(runtime, cancellationToken);
        V1Node node;
        try
        {
            node = await client.GetAsync<V1Node>(new ObjectKey(null, options.NodeName), cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            // Deleted by a user: a node that lives registers anew.
            nodeUid = null;
            throw;
        }
        var status = StatusFor(node.Status, state);
        var now = time.GetUtcNow();
        if (now - lastWrite >= LongestSilence || !NodeStatusComparison.Same(node.Status, status))
        {
            await client.UpdateStatusAsync(node with { Status = status }, cancellationToken);
            lastWrite = now;
            foreach (var reason in NodeConditions.EventsFor(node.Status?.Conditions, [.. status.Conditions]))
            {
                Record(reason, $"Node {options.NodeName} status is now: {reason}");
            }
        }
        InUse?.Report(status.VolumesInUse ?? []);
        if (state.NotReady is null && ready.TrySetResult())
        {
            Log.Ready(logger, options.NodeName);
        }
    }

    private V1NodeStatus StatusFor(V1NodeStatus? old, RuntimeState state)
    {
        var capacity = NodeCapacity.OfThisMachine(options);
        extended = extended.With(Devices());
        var info = state.IsDown && old?.NodeInfo is { } known ? known : MachineInfo.NodeInfo(options, state.Version);
        return (old ?? new V1NodeStatus()) with
        {
            Addresses =
            [
                .. NodeAddress.All(options).Select(address => new V1NodeAddress { Type = "InternalIP", Address = address.ToString() }),
                new V1NodeAddress { Type = "Hostname", Address = options.NodeName },
            ],
            DaemonEndpoints = ServerPort() is { } port ? new V1NodeDaemonEndpoints { KubeletEndpoint = new V1DaemonEndpoint { Port = port } } : null,
            Capacity = extended.AddTo(capacity.Capacity(), old?.Capacity, healthy: false),
            Allocatable = extended.AddTo(capacity.Allocatable(), old?.Capacity, healthy: true),
            Conditions = NodeConditions.Merge(
                old?.Conditions, NodeConditions.For(Pressure(), state.NotReady ?? Shutdown()), time.GetUtcNow().UtcDateTime),
            NodeInfo = info,
            Images = state.IsDown ? old?.Images : [.. state.Images],
            RuntimeHandlers = state.IsDown ? old?.RuntimeHandlers : state.Handlers,
            Features = state.IsDown ? old?.Features : state.Features,
            VolumesInUse = InUse?.List() is { Count: > 0 } volumes ? [.. volumes] : null,
        };
    }

    private async Task<bool> AttemptAsync(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (ApiException conflict) when (conflict.IsConflict)
        {
            return false;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            Tell(failure.Message);
            return false;
        }
    }

    // Two loops try again several times a second: the same reason is told now and then.
    private void Tell(string reason)
    {
        lock (telling)
        {
            if (reason == told.Reason && time.GetElapsedTime(told.At) < TellAgain)
            {
                return;
            }
            told = (reason, time.GetTimestamp());
        }
        Log.Failed(logger, reason);
    }

    // By name, as upstream: the node's events are found also when it is registered anew.
    private void Record(string reason, string message) => events.Record(
        new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = options.NodeName, Uid = options.NodeName }, "Normal", reason, message);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Registered node {Node}")]
        public static partial void Registered(ILogger logger, string node);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node} could not be registered; it is tried again: {Reason}")]
        public static partial void NotRegistered(ILogger logger, string node, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} is ready")]
        public static partial void Ready(ILogger logger, string node);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The node's status or lease was not written: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
