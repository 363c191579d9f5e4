using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.SeLinuxWarnings;

/// <summary>
/// Warns of pods that share a volume and would label it differently: once volumes are mounted with a label, only one of them
/// can have it on a node. Keys are those of pods. Runs only where it is asked for: it takes for granted that nodes use SELinux.
/// </summary>
internal sealed class SeLinuxWarningController : Controller
{
    private const string ByClaim = "claims";
    private const string Recursive = "Recursive";
    private readonly Informer<V1Pod> pods;
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1PersistentVolume> volumes;
    private readonly Informer<V1CSIDriver> drivers;
    private readonly SeLinuxConflicts conflicts;

    public SeLinuxWarningController(ControllerContext context, SeLinuxConflicts conflicts)
        : base(context, "selinux_warning", workers: 1)
    {
        this.conflicts = conflicts;
        conflicts.Clear();
        pods = WatchAndEnqueue<V1Pod>();
        pods.AddIndex(ByClaim, pod => (pod.Spec.Volumes ?? []).Select(pod.ClaimName).OfType<string>().Select(name => new ObjectKey(pod.Metadata.NamespaceProperty, name).ToString()));
        claims = Watch<V1PersistentVolumeClaim>();
        claims.Subscribe(change => LookAtUsers(change.Latest.Key()));
        volumes = Watch<V1PersistentVolume>();
        volumes.Subscribe(change =>
        {
            if (change.Latest.Spec.ClaimRef is { Uid.Length: > 0 } claim)
            {
                LookAtUsers(new ObjectKey(claim.NamespaceProperty, claim.Name));
            }
        });
        drivers = Watch<V1CSIDriver>();
        drivers.Subscribe(change =>
        {
            if ((change.Old?.Spec.SeLinuxMount == true) != (change.New?.Spec.SeLinuxMount == true))
            {
                pods.List().Where(pod => pod.Spec.Volumes is { Count: > 0 }).ToList().ForEach(pod => Queue.Add(pod.Key()));
            }
        });
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Get(key) is not { } pod || pod.IsTerminal())
        {
            conflicts.Remove(key);
            return Task.CompletedTask;
        }

        var labels = SeLinuxLabel.ByVolume(pod);
        var mounted = (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers).SelectMany(container => container.VolumeMounts ?? []).Select(mount => mount.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var volume in (pod.Spec.Volumes ?? []).Where(volume => mounted.Contains(volume.Name)))
        {
            Look(pod, volume, [.. labels[volume.Name]]);
        }

        return Task.CompletedTask;
    }

    private void Look(V1Pod pod, V1Volume volume, List<string> labels)
    {
        // A claim or a volume that is not there yet leads back to the pod when it comes.
        if (SharedVolume.From(pod, volume, PersistentOf(pod, volume)) is not { } shared)
        {
            return;
        }

        if (labels.Count > 1)
        {
            Events.Record(pod, "Warning", "MultipleSELinuxLabels", $"Volume \"{volume.Name}\" is mounted twice with different SELinux labels inside this pod");
            return;
        }

        var policy = PolicyOf(pod, shared, labels);
        foreach (var conflict in conflicts.Add(shared.Id, pod.Key(), policy == Recursive ? "" : labels[0], policy))
        {
            if (pods.Get(conflict.Pod) is { } concerned)
            {
                Events.Record(concerned, "Normal", conflict.Reason, conflict.Message);
            }
        }
    }

    // Only a volume that is mounted with a label can be in anybody's way.
    private string PolicyOf(V1Pod pod, SharedVolume shared, List<string> labels) =>
        labels is [{ Length: > 0 }] && (shared.Driver is null || drivers.Get(new ObjectKey(null, shared.Driver))?.Spec.SeLinuxMount == true)
            ? pod.Spec.SecurityContext?.SeLinuxChangePolicy ?? "MountOption"
            : Recursive;

    private V1PersistentVolume? PersistentOf(V1Pod pod, V1Volume volume) =>
        pod.ClaimName(volume) is { } name
        && claims.Get(new ObjectKey(pod.Metadata.NamespaceProperty, name)) is { Spec.VolumeName.Length: > 0 } claim
        && volumes.Get(new ObjectKey(null, claim.Spec.VolumeName)) is { } found
        && found.Spec.ClaimRef?.Uid == claim.Metadata.Uid ? found : null;

    private void LookAtUsers(ObjectKey claim)
    {
        foreach (var pod in pods.ByIndex(ByClaim, claim.ToString()))
        {
            Queue.Add(pod.Key());
        }
    }
}
