using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>
/// Brings claims and volumes together and keeps both honest about it. One worker: two claims must not be given
/// the same volume. Keys with a namespace are claims, those without are volumes.
/// </summary>
internal sealed class PersistentVolumeController : Controller
{
    // Claims that found nothing are looked at again now and then, as upstream does; their events count on.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
    private const string ByClaim = "claim";

    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1PersistentVolume> volumes;
    private readonly Informer<V1StorageClass> classes;
    private readonly Informer<V1Pod> pods;
    private readonly RecentWrites<V1PersistentVolumeClaim> claimWrites;
    private readonly RecentWrites<V1PersistentVolume> volumeWrites;
    private readonly VolumeWriter writer;
    private readonly VolumeReclaim reclaim;
    private readonly Provisioning provisioning;

    public PersistentVolumeController(ControllerContext context)
        : base(context, "persistentvolume-controller", workers: 1)
    {
        claims = WatchAndEnqueue<V1PersistentVolumeClaim>();
        volumes = WatchAndEnqueue<V1PersistentVolume>();
        classes = Watch<V1StorageClass>();
        pods = Watch<V1Pod>();
        pods.AddIndex(ByClaim, ClaimsOf);
        claimWrites = new RecentWrites<V1PersistentVolumeClaim>(claims, context.Time);
        volumeWrites = new RecentWrites<V1PersistentVolume>(volumes, context.Time);
        writer = new VolumeWriter(Client, claimWrites, volumeWrites, Events, context.Time);
        reclaim = new VolumeReclaim(Client, writer, new Recycler(Client, pods, writer, Events));
        provisioning = new Provisioning(writer, Events);
        claims.Subscribe(OnClaim);
        volumes.Subscribe(OnVolume);
        classes.Subscribe(_ => EnqueueUnbound());
        pods.Subscribe(OnPod);
    }

    protected override Task RunAsync(CancellationToken stoppingToken) => RepeatAsync(
        Period,
        _ =>
        {
            EnqueueUnbound();
            foreach (var volume in volumes.List().Where(volume => volume.Status?.Phase is "Released" or "Failed"))
            {
                Queue.Add(volume.Key());
            }
            return Task.CompletedTask;
        },
        stoppingToken);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) =>
        key.Namespace is null ? ReconcileVolumeAsync(key, cancellationToken) : ReconcileClaimAsync(key, cancellationToken);

    private async Task ReconcileClaimAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (claims.Get(key) is not { } cached)
        {
            return;
        }
        var claim = claimWrites.Newest(cached);
        var view = new VolumeView([.. volumes.List().Select(volumeWrites.Newest)], classes.List());
        var plan = ClaimPlan.For(claim, view, WaitingPods(key));
        if (plan.Bind is { } volume)
        {
            await BindAsync(claim, volume, cancellationToken);
        }
        else if (plan.AssignClass is { } name)
        {
            await writer.WriteAsync(claim with { Spec = claim.Spec with { StorageClassName = name } }, cancellationToken);
        }
        else
        {
            await ApplyAsync(claim, plan, view, cancellationToken);
        }
    }

    private async Task ApplyAsync(V1PersistentVolumeClaim claim, ClaimPlan plan, VolumeView view, CancellationToken cancellationToken)
    {
        var turned = plan.Phase is { } phase && await writer.SetStatusAsync(claim, phase, null, cancellationToken);
        if (plan.Event is { } told && (turned || plan.Phase == "Pending"))
        {
            Events.Record(claim, told.Type, told.Reason, told.Message);
        }
        if (plan.Provision)
        {
            await provisioning.ProvisionAsync(claimWrites.Newest(claim), view, cancellationToken);
        }
    }

    private async Task BindAsync(V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (VolumeBond.OnVolume(volume, claim) is { } bound)
        {
            volume = await writer.WriteAsync(bound, cancellationToken);
        }
        await writer.SetPhaseAsync(volume, "Bound", null, cancellationToken);
        if (VolumeBond.OnClaim(claim, volume) is { } named)
        {
            claim = await writer.WriteAsync(named, cancellationToken);
        }
        await writer.SetStatusAsync(claim, "Bound", volume, cancellationToken);
    }

    private async Task ReconcileVolumeAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (volumes.Get(key) is not { } cached)
        {
            return;
        }
        var volume = volumeWrites.Newest(cached);
        var claim = await ClaimOfAsync(volume, cancellationToken);
        var plan = VolumePlan.For(volume, claim);
        if (plan.Phase is { } phase)
        {
            volume = await writer.SetPhaseAsync(volume, phase, null, cancellationToken);
        }
        switch (plan.Step)
        {
            case VolumeStep.AskClaim:
                Queue.Add(new ObjectKey(volume.Spec.ClaimRef.NamespaceProperty, volume.Spec.ClaimRef.Name));
                break;
            case VolumeStep.Mismatch:
                ReportMismatch(volume, claim!);
                break;
            case VolumeStep.Unbind:
                await writer.WriteAsync(VolumeBond.Without(volume), cancellationToken);
                break;
            case VolumeStep.Reclaim:
                await reclaim.ReclaimAsync(volume, cancellationToken);
                break;
        }
    }

    /// <summary>Data goes with a claim that is gone: the API itself is asked before that is believed.</summary>
    private async Task<V1PersistentVolumeClaim?> ClaimOfAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (volume.Spec.ClaimRef is not { Uid.Length: > 0 } reference)
        {
            return null;
        }
        var key = new ObjectKey(reference.NamespaceProperty, reference.Name);
        if (claims.Get(key) is { } cached && cached.Metadata.Uid == reference.Uid)
        {
            return claimWrites.Newest(cached);
        }
        try
        {
            var fresh = await Client.GetAsync<V1PersistentVolumeClaim>(key, cancellationToken);
            return fresh.Metadata.Uid == reference.Uid ? fresh : null;
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return null;
        }
    }

    private void ReportMismatch(V1PersistentVolume volume, V1PersistentVolumeClaim claim)
    {
        Events.Record(volume, "Warning", "VolumeMismatch", $"Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{claim.Metadata.Name}\" due to incompatible volumeMode.");
        Events.Record(claim, "Warning", "VolumeMismatch", $"Cannot bind PersistentVolume \"{volume.Metadata.Name}\" to requested PersistentVolumeClaim due to incompatible volumeMode.");
    }

    private string[] WaitingPods(ObjectKey claim) =>
    [
        .. pods.ByIndex(ByClaim, claim.ToString())
            .Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName) && !pod.IsTerminal())
            .Select(pod => pod.Metadata.Name)
            .Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<string> ClaimsOf(V1Pod pod) =>
        (pod.Spec.Volumes ?? []).Select(pod.ClaimName).OfType<string>().Select(name => new ObjectKey(pod.Metadata.NamespaceProperty, name).ToString());

    private void EnqueueUnbound()
    {
        foreach (var claim in claims.List().Where(claim => claim.Status?.Phase is not "Bound"))
        {
            Queue.Add(claim.Key());
        }
    }

    // A claim that goes leaves a volume behind.
    private void OnClaim(ObjectChange<V1PersistentVolumeClaim> change)
    {
        if (change.New is null && !string.IsNullOrEmpty(change.Latest.Spec.VolumeName))
        {
            Queue.Add(new ObjectKey(null, change.Latest.Spec.VolumeName));
        }
    }

    // Free volumes are offered to the claims that wait; a volume that is gone is missed by its claim.
    private void OnVolume(ObjectChange<V1PersistentVolume> change)
    {
        if (change.New is null && change.Latest.Spec.ClaimRef is { } reference)
        {
            Queue.Add(new ObjectKey(reference.NamespaceProperty, reference.Name));
        }
        else if (change.New?.Status?.Phase == "Available" && change.Old?.Status?.Phase != "Available")
        {
            EnqueueUnbound();
        }
    }

    private void OnPod(ObjectChange<V1Pod> change)
    {
        if (Recycler.VolumeOf(change.Latest) is { } volume)
        {
            Queue.Add(new ObjectKey(null, volume));
        }
    }
}
