using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Controllers.AttachDetach;
using Flotilla.Controllers.Tests.PersistentVolumes;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.AttachDetach;

public sealed class AttachDetachControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new AttachDetachController(context));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await cluster.CreateAsync(Node("a"));
        await cluster.CreateAsync(Node("b"));
        await cluster.CreateAsync(Volume("v", "h", "data"));
        await cluster.CreateAsync(Claim("data", "v"));
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_pods_volume_is_attached_to_its_node_and_detached_after_it()
    {
        await cluster.CreateAsync(Pod("web", "a"));
        var attachment = (await AttachmentsAsync(1))[0];
        Assert.Equal(("disk", "a", "v"), (attachment.Spec.Attacher, attachment.Spec.NodeName, attachment.Spec.Source.PersistentVolumeName));
        Assert.Equal(CsiNames.Attachment("h", "disk", "a"), attachment.Metadata.Name);
        await SetAsync(attachment, new V1VolumeAttachmentStatus { Attached = false });
        await SetAsync(attachment, new V1VolumeAttachmentStatus { Attached = true });
        await cluster.UntilAsync(async () => (await cluster.Client.GetAsync<V1Node>(new ObjectKey(null, "a"), default)).Status?.VolumesAttached?[0].Name == "kubernetes.io/csi/disk^h", "the node's status");
        await HasEventAsync("Normal SuccessfulAttachVolume AttachVolume.Attach succeeded for volume \"v\" ");
        await cluster.Client.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await AttachmentsAsync(0);
    }

    [Theory]
    [InlineData("claim", "volume")]
    [InlineData("volume", "claim")]
    public async Task A_pod_that_is_known_before_its_claim_and_volume_gets_its_attachment(string first, string second)
    {
        await cluster.CreateAsync(Pod("early", "a", "late"));
        await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1Pod>().List().Count == 1), "the pod is known");
        await MakeAsync(first);
        await MakeAsync(second);
        Assert.Equal("late-volume", (await AttachmentsAsync(1))[0].Spec.Source.PersistentVolumeName);

        async Task MakeAsync(string what)
        {
            if (what == "claim")
            {
                await cluster.CreateAsync(Claim("late", "late-volume"));
                await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1PersistentVolumeClaim>().Get(new ObjectKey("default", "late")) is not null), "the claim is known");
            }
            else
            {
                await cluster.CreateAsync(Volume("late-volume", "late-handle", "late"));
                await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1PersistentVolume>().Get(new ObjectKey(null, "late-volume")) is not null), "the volume is known");
            }
        }
    }

    [Fact]
    public async Task A_driver_that_is_installed_late_and_does_not_attach_loses_its_attachments()
    {
        await cluster.CreateAsync(Pod("web", "a"));
        await AttachmentsAsync(1);
        await cluster.CreateAsync(new V1CSIDriver { ApiVersion = "storage.k8s.io/v1", Kind = "CSIDriver", Metadata = new V1ObjectMeta { Name = "disk" }, Spec = new V1CSIDriverSpec { AttachRequired = false } });
        await AttachmentsAsync(0);
    }

    [Fact]
    public async Task A_failure_is_told_on_the_pod()
    {
        await cluster.CreateAsync(Pod("web", "a"));
        var attachment = (await AttachmentsAsync(1))[0];
        await SetAsync(attachment, new V1VolumeAttachmentStatus { Attached = false, AttachError = new V1VolumeError { Message = "no more room" } });
        await HasEventAsync("Warning FailedAttachVolume AttachVolume.Attach failed for volume \"v\" : no more room");
    }

    [Fact]
    public async Task A_volume_for_one_node_waits_until_the_other_lets_go()
    {
        await cluster.CreateAsync(Pod("web", "a"));
        await AttachmentsAsync(1);
        await cluster.CreateAsync(Pod("other", "b"));
        await HasEventAsync("Warning FailedAttachVolume Multi-Attach error for volume \"v\" Volume is already used by pod(s) web");
        Assert.Single(await cluster.ListAsync<V1VolumeAttachment>());
        await cluster.Client.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1VolumeAttachment>()).Select(one => one.Spec.NodeName).SequenceEqual(["b"]), "moved");
    }

    [Fact]
    public async Task What_a_node_still_has_mounted_is_not_detached()
    {
        await cluster.CreateAsync(Pod("web", "a"));
        await AttachmentsAsync(1);
        await SayInUseAsync("kubernetes.io/csi/disk^h");
        await cluster.Client.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1Pod>().List().Count == 0), "the pod is known to be gone");
        cluster.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Single(await cluster.ListAsync<V1VolumeAttachment>());
        await SayInUseAsync();
        await AttachmentsAsync(0);
    }

    [Theory]
    [InlineData("True", false, 10, true)]
    [InlineData("Unknown", false, 5, true)]
    [InlineData("Unknown", false, 6, false)]
    [InlineData("Unknown", true, 0, false)]
    public void A_node_that_is_lost_does_not_keep_its_volumes_for_ever(string ready, bool outOfService, int minutes, bool stays)
    {
        var node = Node("a");
        node.Status.VolumesInUse = ["v"];
        node.Status.Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }];
        node.Spec.Taints = outOfService ? [new V1Taint { Key = "node.kubernetes.io/out-of-service", Effect = "NoExecute" }] : null;
        Assert.Equal(stays, AttachmentPlan.MustStay(node, "v", TimeSpan.FromMinutes(minutes)));
        Assert.False(AttachmentPlan.MustStay(node, "other", TimeSpan.Zero));
    }

    [Fact]
    public async Task A_driver_that_does_not_attach_is_left_alone()
    {
        await cluster.CreateAsync(new V1CSIDriver { ApiVersion = "storage.k8s.io/v1", Kind = "CSIDriver", Metadata = new V1ObjectMeta { Name = "disk" }, Spec = new V1CSIDriverSpec { AttachRequired = false } });
        await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1CSIDriver>().List().Count == 1), "the driver is known");
        await cluster.CreateAsync(Pod("web", "a"));
        await cluster.CreateAsync(Pod("late", "b"));
        await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1Pod>().List().Count == 2), "the pods are known");
        Assert.Empty(await cluster.ListAsync<V1VolumeAttachment>());
    }

    private async Task<IReadOnlyList<V1VolumeAttachment>> AttachmentsAsync(int count)
    {
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1VolumeAttachment>()).Count == count, $"{count} attachments");
        return await cluster.ListAsync<V1VolumeAttachment>();
    }

    private async Task SetAsync(V1VolumeAttachment attachment, V1VolumeAttachmentStatus status)
    {
        var fresh = await cluster.Client.GetAsync<V1VolumeAttachment>(new ObjectKey(null, attachment.Metadata.Name), default);
        await cluster.Client.UpdateStatusAsync(fresh with { ApiVersion = "storage.k8s.io/v1", Kind = "VolumeAttachment", Status = status }, default);
        await cluster.UntilAsync(
            () => Task.FromResult(cluster.Informers.Of<V1VolumeAttachment>().Get(new ObjectKey(null, attachment.Metadata.Name))?.Status?.Attached == status.Attached), "seen");
    }

    private async Task SayInUseAsync(params string[] volumes)
    {
        var node = await cluster.Client.GetAsync<V1Node>(new ObjectKey(null, "a"), default);
        await cluster.Client.UpdateStatusAsync(node with { ApiVersion = "v1", Kind = "Node", Status = node.Status with { VolumesInUse = volumes } }, default);
        await cluster.UntilAsync(
            () => Task.FromResult((cluster.Informers.Of<V1Node>().Get(new ObjectKey(null, "a"))?.Status.VolumesInUse ?? []).Count == volumes.Length), "seen");
    }

    private Task HasEventAsync(string text) => cluster.UntilAsync(
        async () => (await cluster.ListAsync<Corev1Event>()).Any(one => $"{one.Type} {one.Reason} {one.Message}" == text), text);

    private static V1Node Node(string name) => new() { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = name }, Spec = new V1NodeSpec(), Status = new V1NodeStatus() };

    private static V1PersistentVolume Volume(string name, string handle, string claim)
    {
        var volume = Given.Volume(name, "1Gi");
        volume.Spec.Local = null;
        volume.Spec.Csi = new V1CSIPersistentVolumeSource { Driver = "disk", VolumeHandle = handle };
        volume.Spec.ClaimRef = new V1ObjectReference { Name = claim, NamespaceProperty = "default" };
        return volume;
    }

    private static V1PersistentVolumeClaim Claim(string name, string volume)
    {
        var claim = Given.Claim(name, "1Gi");
        claim.Spec.VolumeName = volume;
        return claim;
    }

    private static V1Pod Pod(string name, string node, string claim = "data") => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1PodSpec
        {
            NodeName = node,
            Containers = [],
            Volumes = [new V1Volume { Name = "d", PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim } }],
        },
    };
}
