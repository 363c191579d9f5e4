using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>Writes what was decided about a pod's claims and waits until the binder of volumes has carried it out.</summary>
internal sealed class ClaimBinder
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(600);
    private readonly IObjectClient client;
    private readonly TimeProvider time;
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1Pod> pods;
    private readonly Lock gate = new();
    private readonly List<SemaphoreSlim> waiters = [];

    public ClaimBinder(IObjectClient client, InformerSet informers, TimeProvider time)
    {
        this.client = client;
        this.time = time;
        claims = informers.Of<V1PersistentVolumeClaim>();
        pods = informers.Of<V1Pod>();
        claims.Subscribe(_ => Wake());
        pods.Subscribe(change =>
        {
            if (change.New is null)
            {
                Wake();
            }
        });
    }

    public async Task<Verdict> BindAsync(PodInfo pod, Promises promises, string nodeName, CancellationToken cancellationToken)
    {
        // Listening starts before anything is written: no answer is missed.
        using var changed = new SemaphoreSlim(1);
        lock (gate)
        {
            waiters.Add(changed);
        }

        try
        {
            await WriteAsync(promises, nodeName, cancellationToken);
            return await WaitAsync(pod, promises, nodeName, changed, cancellationToken);
        }
        catch (ApiException refused) when (refused.IsConflict || refused.IsNotFound)
        {
            return Error(refused.Message);
        }
        finally
        {
            lock (gate)
            {
                waiters.Remove(changed);
            }
        }
    }

    private async Task WriteAsync(Promises promises, string nodeName, CancellationToken cancellationToken)
    {
        foreach (var volume in promises.Volumes)
        {
            await client.UpdateAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume" }, cancellationToken);
        }

        foreach (var claim in promises.Provisions.Where(claim => claim.Metadata.Annotation(VolumeAnnotations.SelectedNode) is null))
        {
            var annotations = new Dictionary<string, string>(claim.Metadata.Annotations ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal)
            {
                [VolumeAnnotations.SelectedNode] = nodeName,
            };
            await client.UpdateAsync(
                claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = claim.Metadata with { Annotations = annotations } }, cancellationToken);
        }
    }

    private async Task<Verdict> WaitAsync(PodInfo pod, Promises promises, string nodeName, SemaphoreSlim changed, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        HashSet<ObjectKey> seen = [];
        while (true)
        {
            try
            {
                await changed.WaitAsync(bounded.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Error("context deadline exceeded");
            }

            if (Look(pod, promises, nodeName, seen) is { } outcome)
            {
                return outcome;
            }
        }
    }

    /// <param name="seen">Claims whose mark the cache has shown: only then its absence means something.</param>
    /// <returns>null: not yet.</returns>
    private Verdict? Look(PodInfo pod, Promises promises, string nodeName, HashSet<ObjectKey> seen)
    {
        if (pods.Get(pod.Key) is { } known ? known.Metadata.Uid != pod.Uid : seen.Count > 0)
        {
            return Error("pod does not exist any more");
        }

        var isDone = true;
        foreach (var claim in promises.Matched.Concat(promises.Provisions))
        {
            if (claims.Get(claim.Key()) is not { } current || current.Metadata.Uid != claim.Metadata.Uid)
            {
                return Error($"persistentvolumeclaim \"{claim.Metadata.Name}\" not found");
            }

            var selected = current.Metadata.Annotation(VolumeAnnotations.SelectedNode);
            if (selected is not null)
            {
                seen.Add(claim.Key());
            }

            // The provisioner takes the mark away when it cannot serve the node.
            if (selected != nodeName && seen.Contains(claim.Key()))
            {
                return Error($"provisioning failed for PVC \"{claim.Metadata.Name}\"");
            }

            isDone &= PodClaims.IsBound(current);
        }

        return isDone ? Verdict.Fits : null;
    }

    private static Verdict Error(string why) => Verdict.Error($"running PreBind plugin \"VolumeBinding\": binding volumes: {why}");

    private void Wake()
    {
        lock (gate)
        {
            foreach (var waiter in waiters.Where(waiter => waiter.CurrentCount == 0))
            {
                waiter.Release();
            }
        }
    }
}
