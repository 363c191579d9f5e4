using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.PersistentVolumes;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.PersistentVolumes;

public sealed class PersistentVolumeControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new PersistentVolumeController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_claim_and_a_volume_find_each_other()
    {
        await cluster.CreateAsync(Given.Volume("v", "5Gi"));
        await cluster.CreateAsync(Given.Claim("data", "1Gi"));
        var claim = await ClaimInAsync("Bound");
        var volume = await VolumeInAsync("Bound");
        Assert.Equal("v", claim.Spec.VolumeName);
        Assert.Equal("5Gi", claim.Status.Capacity["storage"].ToString());
        Assert.Equal(["ReadWriteOnce"], claim.Status.AccessModes);
        Assert.Equal("yes", claim.Metadata.Annotations["pv.kubernetes.io/bind-completed"]);
        Assert.Equal("yes", claim.Metadata.Annotations["pv.kubernetes.io/bound-by-controller"]);
        Assert.Equal("yes", volume.Metadata.Annotations["pv.kubernetes.io/bound-by-controller"]);
        Assert.Equal(claim.Metadata.Uid, volume.Spec.ClaimRef.Uid);
    }

    [Fact]
    public async Task A_volume_kept_by_its_maker_is_not_marked_as_the_binders()
    {
        var volume = Given.Volume("v", "5Gi");
        volume.Spec.ClaimRef = new V1ObjectReference { Name = "data", NamespaceProperty = "default" };
        await cluster.CreateAsync(volume);
        await VolumeInAsync("Available");
        await cluster.CreateAsync(Given.Claim("data", "1Gi"));
        await ClaimInAsync("Bound");
        Assert.Null((await VolumeInAsync("Bound")).Metadata.Annotations);
    }

    [Fact]
    public async Task Two_claims_never_share_a_volume()
    {
        for (var i = 0; i < 5; i++)
        {
            await cluster.CreateAsync(Given.Volume($"v{i}", "1Gi"));
        }
        for (var i = 0; i < 5; i++)
        {
            await cluster.CreateAsync(Given.Claim($"c{i}", "1Gi"));
        }
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1PersistentVolumeClaim>()).All(claim => claim.Status?.Phase == "Bound"), "all bound");
        Assert.Equal(5, (await cluster.ListAsync<V1PersistentVolumeClaim>()).Select(claim => claim.Spec.VolumeName).Distinct().Count());
    }

    [Fact]
    public async Task Without_volume_and_class_the_claim_waits_and_says_so()
    {
        await cluster.CreateAsync(Given.Claim("data", "1Gi"));
        await HasEventAsync("Normal FailedBinding no persistent volumes available for this claim and no storage class is set");
        Assert.Equal("Pending", (await ClaimAsync()).Status.Phase);
        await cluster.CreateAsync(Given.Volume("v", "1Gi"));
        await ClaimInAsync("Bound");
    }

    [Fact]
    public async Task A_default_class_that_comes_later_is_given_to_waiting_claims()
    {
        await cluster.CreateAsync(Given.Claim("data", "1Gi"));
        await HasEventAsync("Normal FailedBinding no persistent volumes available for this claim and no storage class is set");
        await cluster.CreateAsync(Given.Class("late", "example.com/disk", isDefault: true));
        await cluster.UntilAsync(async () => (await ClaimAsync()).Spec.StorageClassName == "late", "the class");
        await HasEventAsync(
            "Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. "
            + "If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
        Assert.Equal("example.com/disk", (await ClaimAsync()).Metadata.Annotations["volume.kubernetes.io/storage-provisioner"]);
    }

    [Fact]
    public async Task A_class_that_waits_wants_a_pod_and_then_its_node()
    {
        await cluster.CreateAsync(Given.Class("local", "example.com/disk", waits: true));
        await cluster.CreateAsync(Given.Claim("data", "1Gi", "local"));
        await HasEventAsync("Normal WaitForFirstConsumer waiting for first consumer to be created before binding");
        await cluster.CreateAsync(new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1PodSpec { Containers = [], Volumes = [new V1Volume { Name = "d", PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "data" } }] },
        });
        await HasEventAsync("Normal WaitForPodScheduled waiting for pod web to be scheduled");
        await cluster.ChangeAsync<V1PersistentVolumeClaim>("default", "data", claim =>
            claim.Metadata.Annotations = new Dictionary<string, string> { ["volume.kubernetes.io/selected-node"] = "n" });
        await cluster.UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations.ContainsKey("volume.beta.kubernetes.io/storage-provisioner"), "asked the provisioner");
    }

    [Theory]
    [InlineData("missing", "storageclass.storage.k8s.io \"missing\" not found")]
    [InlineData("none", "no volume plugin matched name: kubernetes.io/no-provisioner")]
    public async Task A_class_that_cannot_provision_is_reported(string name, string message)
    {
        await cluster.CreateAsync(Given.Class("none", "kubernetes.io/no-provisioner"));
        await cluster.CreateAsync(Given.Claim("data", "1Gi", name));
        await HasEventAsync($"Warning ProvisioningFailed {message}");
    }

    [Fact]
    public async Task A_named_volume_must_fit()
    {
        await cluster.CreateAsync(Given.Volume("v", "1Gi"));
        var claim = Given.Claim("data", "2Gi");
        claim.Spec.VolumeName = "v";
        await cluster.CreateAsync(claim);
        await HasEventAsync("Warning VolumeMismatch Cannot bind to requested volume \"v\": requested PV is too small");
    }

    [Fact]
    public async Task A_bound_claim_whose_volume_is_gone_is_lost()
    {
        await BindAsync(Given.Volume("v", "1Gi"));
        await cluster.Client.DeleteAsync<V1PersistentVolume>(new ObjectKey(null, "v"), null, CancellationToken.None);
        await ClaimInAsync("Lost");
        await HasEventAsync("Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    }

    [Fact]
    public async Task A_retained_volume_is_released_and_taken_by_nobody()
    {
        await BindAsync(Given.Volume("v", "1Gi"));
        await DeleteClaimAsync();
        var released = await VolumeInAsync("Released");
        Assert.NotNull(released.Spec.ClaimRef);
        await cluster.CreateAsync(Given.Claim("data", "1Gi"));
        await HasEventAsync("Normal FailedBinding no persistent volumes available for this claim and no storage class is set");
        Assert.Equal("Released", (await VolumeAsync()).Status.Phase);
    }

    [Theory]
    [InlineData("Delete", "VolumeFailedDelete", "error getting deleter volume plugin for volume \"v\": no deletable volume plugin matched")]
    [InlineData("Recycle", "VolumeFailedRecycle", "No recycler plugin found for the volume!")]
    public async Task A_volume_that_cannot_be_reclaimed_has_failed(string policy, string reason, string message)
    {
        await BindAsync(Given.Volume("v", "1Gi", policy));
        await DeleteClaimAsync();
        Assert.Equal(message, (await VolumeInAsync("Failed")).Status.Message);
        await HasEventAsync($"Warning {reason} {message}");
    }

    [Fact]
    public async Task A_directory_below_tmp_is_deleted_with_its_volume()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-reclaim-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "file"), "text", TestContext.Current.CancellationToken);
        var volume = Given.Volume("v", "1Gi", "Delete");
        volume.Spec.Local = null;
        volume.Spec.HostPath = new V1HostPathVolumeSource { Path = directory };
        await BindAsync(volume);
        await DeleteClaimAsync();
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1PersistentVolume>()).Count == 0, "the volume goes");
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task A_recycled_volume_is_emptied_by_a_pod_and_available_again()
    {
        var volume = Given.Volume("v", "1Gi", "Recycle");
        volume.Spec.Local = null;
        volume.Spec.HostPath = new V1HostPathVolumeSource { Path = "/srv/data" };
        await BindAsync(volume);
        await DeleteClaimAsync();
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Pod>()).Any(pod => pod.Metadata.Name == "recycler-for-v"), "the recycler");
        await cluster.ChangeAsync<V1Pod>("default", "recycler-for-v", pod => pod.Status = new V1PodStatus { Phase = "Succeeded" });
        Assert.Null((await VolumeInAsync("Available")).Spec.ClaimRef);
        await HasEventAsync("Normal VolumeRecycled Volume recycled");
    }

    private async Task BindAsync(V1PersistentVolume volume)
    {
        await cluster.CreateAsync(volume);
        await cluster.CreateAsync(Given.Claim("data", "1Gi"));
        await ClaimInAsync("Bound");
    }

    private Task DeleteClaimAsync() => cluster.Client.DeleteAsync<V1PersistentVolumeClaim>(new ObjectKey("default", "data"), null, CancellationToken.None);

    private Task<V1PersistentVolumeClaim> ClaimAsync() => cluster.GetAsync<V1PersistentVolumeClaim>("default", "data");

    private Task<V1PersistentVolume> VolumeAsync() => cluster.Client.GetAsync<V1PersistentVolume>(new ObjectKey(null, "v"), CancellationToken.None);

    private async Task<V1PersistentVolumeClaim> ClaimInAsync(string phase)
    {
        await cluster.UntilAsync(async () => (await ClaimAsync()).Status?.Phase == phase, $"the claim is {phase}");
        return await ClaimAsync();
    }

    private async Task<V1PersistentVolume> VolumeInAsync(string phase)
    {
        await cluster.UntilAsync(async () => (await VolumeAsync()).Status?.Phase == phase, $"the volume is {phase}");
        return await VolumeAsync();
    }

    private Task HasEventAsync(string text) => cluster.UntilAsync(
        async () => (await cluster.ListAsync<Corev1Event>()).Any(one => $"{one.Type} {one.Reason} {one.Message}" == text), text);
}
