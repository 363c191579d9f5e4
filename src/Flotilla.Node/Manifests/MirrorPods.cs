using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Pods;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Manifests;

/// <summary>
/// Shows the cluster the pods that run from files: one object each, made again when somebody deletes it, taken away with
/// the file. The cluster only looks on: what it does to a mirror does nothing to the pod.
/// </summary>
internal sealed partial class MirrorPods(
    PodAgent agent, IObjectClient client, Informer<V1Pod> pods, Func<V1Node?> node, StatusWriter statuses, TimeProvider time, ILogger<MirrorPods> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim changed = new(0);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await pods.WaitForSyncAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        pods.Subscribe(change =>
        {
            if (StaticPods.IsMirror(change.Latest))
            {
                changed.Release();
            }
        });
        agent.StaticChanged = () => changed.Release();
        while (!stoppingToken.IsCancellationRequested)
        {
            await ReconcileAllAsync(stoppingToken);
            using var due = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await using var timer = time.CreateTimer(_ => due.Cancel(), null, Interval, Timeout.InfiniteTimeSpan);
            await changed.WaitAsync(due.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReconcileAllAsync(CancellationToken cancellationToken)
    {
        var known = agent.Static;
        var names = known.Select(pod => pod.Key()).ToHashSet();
        foreach (var work in known.Select(pod => (Func<Task>)(() => ReconcileAsync(pod, cancellationToken)))
            .Concat(pods.List().Where(pod => StaticPods.IsMirror(pod) && !names.Contains(pod.Key())).Select(pod => (Func<Task>)(() => RemoveAsync(pod, cancellationToken)))))
        {
            try
            {
                await work();
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException && !cancellationToken.IsCancellationRequested)
            {
                Log.Failed(logger, failure.Message);
            }
        }
    }

    private async Task ReconcileAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var mirror = pods.Get(pod.Key());
        if (mirror is not null && (!StaticPods.IsMirror(mirror) || (StaticPods.RuntimeUid(mirror) == pod.Metadata.Uid && !mirror.IsDeleting())))
        {
            // Somebody's own pod of that name is left alone.
            return;
        }
        if (mirror is not null)
        {
            await RemoveAsync(mirror, cancellationToken);
        }
        await client.CreateAsync(MirrorOf(pod, node()), cancellationToken);
        statuses.WriteAgain(pod);
    }

    internal static V1Pod MirrorOf(V1Pod pod, V1Node? node) => pod with
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = pod.Metadata with
        {
            Uid = null,
            Generation = null,
            Annotations = new Dictionary<string, string>(pod.Metadata.Annotations, StringComparer.Ordinal) { [StaticPods.Mirror] = pod.Metadata.Uid },
            OwnerReferences = node is null ? null : [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Uid, Controller = true }],
        },
        Status = null,
    };

    private async Task RemoveAsync(V1Pod mirror, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync<V1Pod>(
                mirror.Key(), new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = mirror.Metadata.Uid } }, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            // Another was quicker.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A pod from a file could not be shown to the cluster: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
