using System.Collections.Concurrent;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.AttachDetach;

/// <summary>
/// Asks for the attachments that the pods of each node need, and takes back those that none needs any more. Whoever serves the
/// driver attaches and detaches; what is in use on a node is not taken from it as long as the node says so. A key is a node.
/// A pod may be seen long before its claim and its volume are: each of them leads back to the node when it becomes known.
/// </summary>
internal sealed class AttachDetachController : Controller
{
    private const string ByNode = "nodeName";
    private const string ByClaim = "claimsOnNodes";
    private const string ByVolume = "volumeName";
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    // Since when attachments, by name, are no longer needed.
    private readonly ConcurrentDictionary<string, DateTimeOffset> unwanted = new(StringComparer.Ordinal);
    private readonly Informer<V1Pod> pods;
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1PersistentVolume> volumes;
    private readonly Informer<V1CSIDriver> drivers;
    private readonly Informer<V1VolumeAttachment> attachments;
    private readonly Informer<V1Node> nodes;

    public AttachDetachController(ControllerContext context)
        : base(context, "attachdetach-controller", workers: 2)
    {
        pods = Watch<V1Pod>();
        pods.AddIndex(ByNode, pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : [pod.Spec.NodeName]);
        pods.AddIndex(ByClaim, pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : ClaimsOf(pod).Select(claim => claim.ToString()));
        claims = Watch<V1PersistentVolumeClaim>();
        claims.AddIndex(ByVolume, claim => string.IsNullOrEmpty(claim.Spec.VolumeName) ? [] : [claim.Spec.VolumeName]);
        volumes = Watch<V1PersistentVolume>();
        drivers = Watch<V1CSIDriver>();
        attachments = Watch<V1VolumeAttachment>();
        nodes = Watch<V1Node>();
        pods.Subscribe(change =>
        {
            if (ClaimsOf(change.Latest).Any() && !string.IsNullOrEmpty(change.Latest.Spec.NodeName))
            {
                Queue.Add(new ObjectKey(null, change.Latest.Spec.NodeName));
            }
        });
        claims.Subscribe(change => LookAtUsers(change.Latest));
        volumes.Subscribe(change => LookAtUsers(change.Latest));
        drivers.Subscribe(_ => LookEverywhere());
        attachments.Subscribe(OnAttachment);
        nodes.Subscribe(change =>
        {
            if (change.Old is null || change.New is null || !AttachmentPlan.InUse(change.Old).SequenceEqual(AttachmentPlan.InUse(change.New), StringComparer.Ordinal))
            {
                Queue.Add(change.Latest.Key());
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var wanted = AttachmentPlan.For(
            key.Name, pods.ByIndex(ByNode, key.Name), claims.Get, name => volumes.Get(new ObjectKey(null, name)), name => drivers.Get(new ObjectKey(null, name)));
        var present = attachments.List().Where(attachment => attachment.Spec.NodeName == key.Name).ToDictionary(attachment => attachment.Metadata.Name, StringComparer.Ordinal);
        foreach (var (name, attachment) in wanted.Where(pair => !present.ContainsKey(pair.Key)))
        {
            await AttachAsync(key, name, attachment, cancellationToken);
        }
        foreach (var attachment in present.Values.Where(attachment => !wanted.ContainsKey(attachment.Metadata.Name) && IsOurs(attachment) && attachment.Metadata.DeletionTimestamp is null))
        {
            await DetachAsync(key, attachment, cancellationToken);
        }
        foreach (var name in unwanted.Keys.Where(name => wanted.ContainsKey(name)))
        {
            unwanted.TryRemove(name, out _);
        }
        await PublishAsync(key, wanted, present, cancellationToken);
    }

    private async Task DetachAsync(ObjectKey node, V1VolumeAttachment attachment, CancellationToken cancellationToken)
    {
        var since = unwanted.GetOrAdd(attachment.Metadata.Name, _ => Time.GetUtcNow());
        var volume = volumes.Get(new ObjectKey(null, attachment.Spec.Source.PersistentVolumeName ?? ""));
        if (volume?.Spec.Csi is { } source && AttachmentPlan.MustStay(nodes.Get(node), CsiNames.Unique(source.Driver, source.VolumeHandle), Time.GetUtcNow() - since))
        {
            Queue.AddAfter(node, LookAgain);
            return;
        }
        await Client.DeleteAsync<V1VolumeAttachment>(attachment.Key(), null, cancellationToken);
        unwanted.TryRemove(attachment.Metadata.Name, out _);
    }

    private async Task AttachAsync(ObjectKey node, string name, WantedAttachment wanted, CancellationToken cancellationToken)
    {
        if (AttachmentPlan.IsExclusive(wanted.Volume) && Elsewhere(node.Name, wanted) is { } other)
        {
            ReportElsewhere(wanted, other);
            Queue.AddAfter(node, LookAgain);
            return;
        }
        try
        {
            await Client.CreateAsync(
                new V1VolumeAttachment
                {
                    ApiVersion = "storage.k8s.io/v1",
                    Kind = "VolumeAttachment",
                    Metadata = new V1ObjectMeta { Name = name },
                    Spec = new V1VolumeAttachmentSpec { Attacher = wanted.Driver, NodeName = node.Name, Source = new V1VolumeAttachmentSource { PersistentVolumeName = wanted.Volume.Metadata.Name } },
                },
                cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // Of before, being detached, or not in the cache yet: its changes lead back here.
        }
    }

    private V1VolumeAttachment? Elsewhere(string nodeName, WantedAttachment wanted) => attachments.List().FirstOrDefault(attachment =>
        attachment.Spec.NodeName != nodeName && attachment.Spec.Attacher == wanted.Driver && attachment.Spec.Source.PersistentVolumeName == wanted.Volume.Metadata.Name);

    private void ReportElsewhere(WantedAttachment wanted, V1VolumeAttachment other)
    {
        var users = pods.ByIndex(ByNode, other.Spec.NodeName)
            .Where(pod => !pod.IsTerminal() && (pod.Spec.Volumes ?? []).Any(volume =>
                pod.ClaimName(volume) is { } claim && claim == wanted.Volume.Spec.ClaimRef?.Name && pod.Metadata.NamespaceProperty == wanted.Volume.Spec.ClaimRef.NamespaceProperty))
            .Select(pod => pod.Metadata.Name)
            .ToList();
        var why = users.Count == 0
            ? "Volume is already exclusively attached to one node and can't be attached to another"
            : $"Volume is already used by pod(s) {string.Join(", ", users)}";
        foreach (var pod in wanted.Pods)
        {
            Events.Record(pod, "Warning", "FailedAttachVolume", $"Multi-Attach error for volume \"{wanted.Volume.Metadata.Name}\" {why}");
        }
    }

    // The node's status names what is attached to it.
    private async Task PublishAsync(ObjectKey key, Dictionary<string, WantedAttachment> wanted, Dictionary<string, V1VolumeAttachment> present, CancellationToken cancellationToken)
    {
        if (nodes.Get(key) is not { } node)
        {
            return;
        }
        var attached = wanted
            .Where(pair => present.TryGetValue(pair.Key, out var attachment) && attachment.Status?.Attached == true)
            .Select(pair => CsiNames.Unique(pair.Value.Driver, pair.Value.Handle))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (attached.SequenceEqual((node.Status?.VolumesAttached ?? []).Select(volume => volume.Name), StringComparer.Ordinal))
        {
            return;
        }
        var patch = JsonSerializer.SerializeToUtf8Bytes(new { status = new { volumesAttached = attached.Select(name => new { name, devicePath = "" }) } });
        await Client.PatchAsync<V1Node>(key, new Patch(PatchKind.Merge, patch), "status", cancellationToken);
    }

    private static bool IsOurs(V1VolumeAttachment attachment) => attachment.Metadata.Name.StartsWith("csi-", StringComparison.Ordinal);

    private static IEnumerable<ObjectKey> ClaimsOf(V1Pod pod) =>
        (pod.Spec.Volumes ?? []).Select(pod.ClaimName).OfType<string>().Select(name => new ObjectKey(pod.Metadata.NamespaceProperty, name));

    private void LookAtUsers(V1PersistentVolumeClaim claim)
    {
        foreach (var pod in pods.ByIndex(ByClaim, claim.Key().ToString()))
        {
            Queue.Add(new ObjectKey(null, pod.Spec.NodeName));
        }
    }

    private void LookAtUsers(V1PersistentVolume volume)
    {
        foreach (var claim in claims.ByIndex(ByVolume, volume.Metadata.Name))
        {
            LookAtUsers(claim);
        }
    }

    // Whether a driver attaches at all decides for each of its volumes; it changes when the driver is installed.
    private void LookEverywhere()
    {
        foreach (var node in nodes.List())
        {
            Queue.Add(node.Key());
        }
    }

    private void OnAttachment(ObjectChange<V1VolumeAttachment> change)
    {
        Queue.Add(new ObjectKey(null, change.Latest.Spec.NodeName));
        if (change.New is { Status: { } status } attachment)
        {
            Report(attachment, status, change.Old?.Status);
        }
    }

    private void Report(V1VolumeAttachment attachment, V1VolumeAttachmentStatus now, V1VolumeAttachmentStatus? before)
    {
        var volume = attachment.Spec.Source.PersistentVolumeName;
        if (now.Attached && before is { Attached: false })
        {
            Tell(attachment, "Normal", "SuccessfulAttachVolume", $"AttachVolume.Attach succeeded for volume \"{volume}\" ");
        }
        else if (now.AttachError?.Message is { Length: > 0 } fault && fault != before?.AttachError?.Message)
        {
            Tell(attachment, "Warning", "FailedAttachVolume", $"AttachVolume.Attach failed for volume \"{volume}\" : {fault}");
        }
    }

    private void Tell(V1VolumeAttachment attachment, string type, string reason, string message)
    {
        if (volumes.Get(new ObjectKey(null, attachment.Spec.Source.PersistentVolumeName ?? ""))?.Spec.ClaimRef is not { } claim)
        {
            return;
        }
        foreach (var pod in pods.ByIndex(ByNode, attachment.Spec.NodeName).Where(pod => !pod.IsTerminal() && claim.NamespaceProperty == pod.Metadata.NamespaceProperty))
        {
            if ((pod.Spec.Volumes ?? []).Any(volume => pod.ClaimName(volume) == claim.Name))
            {
                Events.Record(pod, type, reason, message);
            }
        }
    }
}
