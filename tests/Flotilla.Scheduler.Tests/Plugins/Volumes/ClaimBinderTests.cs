using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins.Volumes;

/// <summary>The whole scheduler, with the test in the place of the volumes' binder and provisioner.</summary>
public sealed class ClaimBinderTests : IAsyncLifetime
{
    private readonly SchedulerScene scene = new();

    public async ValueTask InitializeAsync()
    {
        await scene.StartAsync();
        await scene.CreateAsync(Given.Node("a"));
        await scene.CreateAsync(Storage.Class());
    }

    public ValueTask DisposeAsync() => scene.DisposeAsync();

    [Fact]
    public async Task The_provisioner_learns_the_node_and_the_pod_is_bound_after_its_claim()
    {
        await scene.CreateAsync(Storage.Claim("data"));
        await scene.CreateAsync(Storage.Pod("p", "data"));
        await scene.UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations?["volume.kubernetes.io/selected-node"] == "a");
        await scene.CreateAsync(Given.Pod("other"));
        await scene.UntilAsync(async () => (await scene.PodAsync("other")).Spec.NodeName == "a");
        Assert.Null((await scene.PodAsync("p")).Spec.NodeName);
        await BindAsync("v");
        await scene.UntilAsync(async () => (await scene.PodAsync("p")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_free_volume_is_kept_for_the_claim()
    {
        await scene.CreateAsync(Storage.Class("static", "kubernetes.io/no-provisioner"));
        await scene.CreateAsync(Storage.Volume("v", storageClass: "static"));
        await scene.CreateAsync(Storage.Claim("data", storageClass: "static"));
        await scene.CreateAsync(Storage.Pod("p", "data"));
        await scene.UntilAsync(async () => (await scene.Client.GetAsync<V1PersistentVolume>(new ObjectKey(null, "v"), default)).Spec.ClaimRef?.Name == "data");
        await BindAsync("v");
        await scene.UntilAsync(async () => (await scene.PodAsync("p")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_provisioner_that_gives_up_lets_the_pod_be_tried_again()
    {
        await scene.CreateAsync(Storage.Claim("data"));
        await scene.CreateAsync(Storage.Pod("p", "data"));
        await scene.UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations is not null);
        var claim = await ClaimAsync();
        await scene.Client.UpdateAsync(claim with { Metadata = claim.Metadata with { Annotations = null } }, default);
        const string reason = "running PreBind plugin \"VolumeBinding\": binding volumes: provisioning failed for PVC \"data\"";
        await scene.UntilAsync(async () => (await scene.ListAsync<Corev1Event>()).Any(one => one.Message == reason));
        await scene.UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations is not null);
    }

    private async Task BindAsync(string volume)
    {
        while (true)
        {
            var claim = await ClaimAsync();
            var annotations = new Dictionary<string, string>(claim.Metadata.Annotations ?? new Dictionary<string, string>()) { ["pv.kubernetes.io/bind-completed"] = "yes" };
            try
            {
                await scene.Client.UpdateAsync(claim with { Metadata = claim.Metadata with { Annotations = annotations }, Spec = claim.Spec with { VolumeName = volume } }, default);
                return;
            }
            catch (ApiException conflict) when (conflict.IsConflict)
            {
                // The scheduler wrote in between.
            }
        }
    }

    private Task<V1PersistentVolumeClaim> ClaimAsync() => scene.Client.GetAsync<V1PersistentVolumeClaim>(new ObjectKey("default", "data"), default);
}
