using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Pods;

/// <summary>
/// Brings statuses to the cluster without holding up the pods' workers: of several statuses of one pod only the newest
/// is written, and a pod that is done with is removed after its last status.
/// </summary>
internal sealed partial class StatusWriter(IObjectClient client, TimeProvider time, ILogger<StatusWriter> logger) : BackgroundService
{
    private const int Writers = 8;
    private readonly ConcurrentDictionary<string, Pending> pending = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, V1Pod> written = new(StringComparer.Ordinal);

    // Of pods that run from files: their objects come and go.
    private readonly ConcurrentDictionary<string, V1PodStatus> latest = new(StringComparer.Ordinal);
    private readonly WorkQueue<string> queue = new(time);

    private sealed record Pending(V1Pod Pod, V1PodStatus Status, bool Remove);

    /// <summary>For a pod whose object has been made anew.</summary>
    public void WriteAgain(V1Pod pod)
    {
        if (latest.TryGetValue(pod.Metadata.Uid, out var status))
        {
            Set(pod, status);
        }
    }

    public void Set(V1Pod pod, V1PodStatus status, bool remove = false)
    {
        if (StaticPods.IsStatic(pod))
        {
            latest[pod.Metadata.Uid] = status;
        }
        pending.AddOrUpdate(
            pod.Metadata.Uid,
            static (_, fresh) => fresh,
            static (_, old, fresh) => fresh with { Remove = fresh.Remove || old.Remove },
            new Pending(pod, status, remove));
        queue.Add(pod.Metadata.Uid);
    }

    /// <summary>For pods that the cluster removed by itself.</summary>
    public void Forget(string podUid)
    {
        pending.TryRemove(podUid, out _);
        written.TryRemove(podUid, out _);
        latest.TryRemove(podUid, out _);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAllAsync(stoppingToken)));

    private async Task WriteAllAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var uid = await queue.GetAsync(cancellationToken);
                await WriteAsync(uid, cancellationToken);
                queue.Done(uid);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task WriteAsync(string uid, CancellationToken cancellationToken)
    {
        if (!pending.TryGetValue(uid, out var work))
        {
            return;
        }
        try
        {
            await (StaticPods.IsStatic(work.Pod) ? UpdateMirrorAsync(work, cancellationToken) : UpdateAsync(work, cancellationToken));
            if (work.Remove)
            {
                await RemoveAsync(work.Pod, cancellationToken);
                written.TryRemove(uid, out _);
            }
            queue.Forget(uid);
            pending.TryRemove(KeyValuePair.Create(uid, work));
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            queue.Forget(uid);
            pending.TryRemove(uid, out _);
            written.TryRemove(uid, out _);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (queue.Failures(uid) == 0)
            {
                Log.Failed(logger, failure, work.Pod.Key());
            }
            queue.AddRateLimited(uid);
        }
    }

    private async Task UpdateMirrorAsync(Pending work, CancellationToken cancellationToken)
    {
        var mirror = await client.GetAsync<V1Pod>(work.Pod.Key(), cancellationToken);
        if (StaticPods.IsMirror(mirror) && StaticPods.RuntimeUid(mirror) == work.Pod.Metadata.Uid)
        {
            await client.UpdateStatusAsync(mirror with { Status = work.Status }, cancellationToken);
        }
    }

    private async Task UpdateAsync(Pending work, CancellationToken cancellationToken)
    {
        // Our own last write is newer than what the worker knew when it made this status.
        var current = written.GetValueOrDefault(work.Pod.Metadata.Uid) ?? work.Pod;
        for (var attempt = 0; ; attempt++)
        {
            if (current.Metadata.Uid != work.Pod.Metadata.Uid)
            {
                return;
            }
            try
            {
                written[work.Pod.Metadata.Uid] =
                    await client.UpdateStatusAsync(current with { Status = Merge(work.Status, current.Status) }, cancellationToken);
                return;
            }
            catch (ApiException conflict) when (conflict.IsConflict && attempt < 5)
            {
                current = await client.GetAsync<V1Pod>(work.Pod.Key(), cancellationToken);
            }
        }
    }

    // Conditions that others set meanwhile are theirs.
    private static V1PodStatus Merge(V1PodStatus ours, V1PodStatus? theirs)
    {
        var missing = (theirs?.Conditions ?? []).Where(condition => !PodConditions.IsOwn(condition.Type) && !(ours.Conditions ?? []).Any(own => own.Type == condition.Type)).ToList();
        return missing.Count == 0 ? ours : ours with { Conditions = [.. ours.Conditions ?? [], .. missing] };
    }

    private Task RemoveAsync(V1Pod pod, CancellationToken cancellationToken) => client.DeleteAsync<V1Pod>(
        pod.Key(),
        new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } },
        cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Could not write the status of pod {Pod}; retrying")]
        public static partial void Failed(ILogger logger, Exception failure, ObjectKey pod);
    }
}
