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
            var written = await WriteAsync(promises, nodeName, cancellationToken);
            return await WaitAsync(pod, promises.Matched, written, nodeName, changed, cancellationToken);
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

    /// <returns>The provisioners' claims, marked.</returns>
    private async Task<List<V1PersistentVolumeClaim>> WriteAsync(Promises promises, string nodeName, CancellationToken cancellationToken)
    {
        foreach (var volume in promises.Volumes)
        {
            await client.UpdateAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume" }, cancellationToken);
        }

        List<V1PersistentVolumeClaim> marked = [];
        foreach (var claim in promises.Provisions)
        {
            marked.Add(claim.Metadata.Annotation(VolumeAnnotations.SelectedNode) is null ? await MarkAsync(claim, nodeName, cancellationToken) : claim);
        }

        return marked;
    }

    private Task<V1PersistentVolumeClaim> MarkAsync(V1PersistentVolumeClaim claim, string nodeName, CancellationToken cancellationToken)
    {
        var annotations = new Dictionary<string, string>(claim.Metadata.Annotations ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal)
        {
            [VolumeAnnotations.SelectedNode] = nodeName,
        };
        return client.UpdateAsync(
            claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = claim.Metadata with { Annotations = annotations } }, cancellationToken);
    }

    private async Task<Verdict> WaitAsync(
        PodInfo pod, IReadOnlyList<V1PersistentVolumeClaim> matched, List<V1PersistentVolumeClaim> marked, string nodeName, SemaphoreSlim changed, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
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

            if (Look(pod, matched, marked, nodeName) is { } outcome)
            {
                return outcome;
            }
        }
    }

    /// <returns>null: not yet.</returns>
    private Verdict? Look(PodInfo pod, IReadOnlyList<V1PersistentVolumeClaim> matched, List<V1PersistentVolumeClaim> marked, string nodeName)
    {
        if (pods.Get(pod.Key)?.Metadata.Uid != pod.Uid)
        {
            return Error("pod does not exist any more");
        }

        var isDone = true;
        foreach (var claim in matched.Concat(marked))
        {
            if (claims.Get(claim.Key()) is not { } current || current.Metadata.Uid != claim.Metadata.Uid)
            {
                return Error($"persistentvolumeclaim \"{claim.Metadata.Name}\" not found");
            }

            isDone &= PodClaims.IsBound(current);
        }

        return marked.FirstOrDefault(claim => IsGivenUp(claim, nodeName)) is { } failed
            ? Error($"provisioning failed for PVC \"{failed.Metadata.Name}\"")
            : isDone ? Verdict.Fits : null;
    }

    // The provisioner takes the mark away when it cannot serve the node. A cache that lags behind the mark says nothing.
    private bool IsGivenUp(V1PersistentVolumeClaim marked, string nodeName) =>
        claims.Get(marked.Key()) is { } current
        && current.Version() >= marked.Version()
        && current.Metadata.Annotation(VolumeAnnotations.SelectedNode) != nodeName;

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
