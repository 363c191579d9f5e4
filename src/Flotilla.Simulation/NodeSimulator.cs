using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Simulation;

/// <summary>
/// Nodes that run pods without containers: registered, kept alive by their leases, their pods' status written as a node
/// agent would write it. Everything goes through the API, with a bounded number of requests at a time.
/// </summary>
public sealed class NodeSimulator : IDisposable
{
    private static readonly ListScope Bound = new(FieldSelector: "spec.nodeName!=");
    private readonly SimulationOptions options;
    private readonly IObjectClient client;
    private readonly Informer<V1Pod> pods;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Dictionary<string, int> nodes;
    private readonly ConcurrentDictionary<ObjectKey, DateTimeOffset> seen = [];
    private readonly PodReport report = new();

    public NodeSimulator(SimulationOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILogger logger)
    {
        if (options.Problems().FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        this.options = options;
        this.client = client;
        this.time = time;
        this.logger = logger;
        queue = new WorkQueue<ObjectKey>(time);
        nodes = Enumerable.Range(0, options.Nodes).ToDictionary(index => SimulatedNode.Name(options, index), index => index, StringComparer.Ordinal);
        pods = informers.Of<V1Pod>(Bound);
    }

    public void Dispose() => queue.Dispose();

    /// <summary>Registers the nodes; those that are there already, from an earlier run, are taken over.</summary>
    public async Task RegisterAsync(CancellationToken cancellationToken) =>
        await ForAllAsync(nodes.Values, RegisterAsync, cancellationToken);

    /// <summary>Lives until cancelled; <see cref="RegisterAsync(CancellationToken)"/> comes before it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        pods.Subscribe(OnPod);
        using var loop = new ReconcileLoop("simulated-pods", queue, options.Clients, StepAsync, logger, pods.WaitForSyncAsync);
        await loop.StartAsync(cancellationToken);
        await RenewAsync(cancellationToken);
        await loop.StopAsync(CancellationToken.None);
    }

    /// <summary>Takes the nodes and what runs on them away again.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        // Nodes first: nothing new must be bound to them while their pods go.
        await ForAllAsync(nodes.Keys, (name, token) => UnlessGoneAsync(() => client.DeleteAsync<V1Node>(new ObjectKey(null, name), null, token)), cancellationToken);
        await ForAllAsync(nodes.Keys, (name, token) => UnlessGoneAsync(() => client.DeleteAsync<V1Lease>(new ObjectKey(SimulatedNode.LeaseNamespace, name), null, token)), cancellationToken);
        var left = (await client.ListAsync<V1Pod>(Bound, cancellationToken)).Items.Where(IsOurs).ToList();
        await ForAllAsync(left, RemoveAsync, cancellationToken);
    }

    private bool IsOurs(V1Pod pod) => pod.Spec.NodeName is { } node && nodes.ContainsKey(node);

    private void OnPod(ObjectChange<V1Pod> change)
    {
        if (!IsOurs(change.Latest))
        {
            return;
        }

        var key = change.Latest.Key();
        if (change.New is null)
        {
            seen.TryRemove(key, out _);
            return;
        }

        if (change.Old?.Metadata.Uid != change.New.Metadata.Uid)
        {
            seen[key] = time.GetUtcNow();
        }

        if (PodStep.For(change.New, options, seen.GetOrAdd(key, time.GetUtcNow()), time.GetUtcNow()).Action != PodAction.None)
        {
            queue.Add(key);
        }
    }

    private async Task StepAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Get(key) is not { } pod)
        {
            return;
        }

        var now = time.GetUtcNow();
        var step = PodStep.For(pod, options, seen.GetOrAdd(key, now), now);
        switch (step.Action)
        {
            case PodAction.Wait:
                queue.AddAfter(key, step.After);
                break;
            case PodAction.Remove:
                await RemoveAsync(pod, cancellationToken);
                break;
            case PodAction.Start or PodAction.Fail or PodAction.Succeed:
                var body = report.For(pod, step.Action, SimulatedNode.Address(nodes[pod.Spec.NodeName]), now.UtcDateTime);
                await UnlessGoneAsync(() => client.SendAsync(
                    HttpMethod.Patch, $"/api/v1/namespaces/{key.Namespace}/pods/{key.Name}/status", "application/merge-patch+json", body, cancellationToken));
                break;
        }
    }

    private Task RemoveAsync(V1Pod pod, CancellationToken cancellationToken) => UnlessGoneAsync(() => client.DeleteAsync<V1Pod>(
        pod.Key(),
        new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } },
        cancellationToken));

    private async Task RegisterAsync(int index, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var node = SimulatedNode.Node(options, index, now);
        try
        {
            await client.CreateAsync(node, cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            var status = new Patch(PatchKind.Merge, ObjectJson.Encode(new V1Node { Status = node.Status }));
            await client.PatchAsync<V1Node>(new ObjectKey(null, node.Metadata.Name), status, "status", cancellationToken);
        }

        await RenewAsync(node.Metadata.Name, cancellationToken);
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var names = nodes.Keys.ToArray();
        const int Slices = 10;
        for (var slice = 0; !cancellationToken.IsCancellationRequested; slice = (slice + 1) % Slices)
        {
            await Task.Delay(options.RenewEvery / Slices, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellationToken.IsCancellationRequested)
            {
                await RenewSliceAsync(names.Where((_, index) => index % Slices == slice), cancellationToken);
            }
        }
    }

    private async Task RenewSliceAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        try
        {
            await ForAllAsync(names, RenewAsync, cancellationToken);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            SimulationLog.NotRenewed(logger, error);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping: the leases are removed next.
        }
    }

    private async Task RenewAsync(string name, CancellationToken cancellationToken)
    {
        var lease = SimulatedNode.Lease(name, time.GetUtcNow().UtcDateTime);
        try
        {
            var spec = new Patch(PatchKind.Merge, ObjectJson.Encode(new V1Lease { Spec = lease.Spec }));
            await client.PatchAsync<V1Lease>(new ObjectKey(SimulatedNode.LeaseNamespace, name), spec, null, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            await client.CreateAsync(lease, cancellationToken);
        }
    }

    private Task ForAllAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> act, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = options.Clients, CancellationToken = cancellationToken },
            async (item, token) => await act(item, token));

    private static async Task UnlessGoneAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            // Somebody was faster; the watch tells what came of it.
        }
    }
}
