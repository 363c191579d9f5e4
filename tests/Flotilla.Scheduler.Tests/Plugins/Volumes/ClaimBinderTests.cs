using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Scheduler.Tests.Plugins.Volumes;

/// <summary>The whole scheduler, with the test in the place of the volumes' binder and provisioner.</summary>
public sealed class ClaimBinderTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new();
    private readonly MemoryStore store = new();
    private readonly StoreClient client;
    private readonly InformerSet informers;
    private readonly SchedulerService scheduler;

    public ClaimBinderTests()
    {
        client = new StoreClient(store, time);
        informers = new InformerSet(client, time, NullLoggerFactory.Instance);
        scheduler = new SchedulerService(client, informers, time, NullLoggerFactory.Instance);
    }

    public async ValueTask InitializeAsync()
    {
        await informers.StartAsync(default);
        await scheduler.StartAsync(default);
        await client.CreateAsync(Given.Node("a"), default);
        await client.CreateAsync(Storage.Class(), default);
    }

    public async ValueTask DisposeAsync()
    {
        await scheduler.StopAsync(default);
        await informers.StopAsync(default);
        scheduler.Dispose();
        informers.Dispose();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task The_provisioner_learns_the_node_and_the_pod_is_bound_after_its_claim()
    {
        await client.CreateAsync(Storage.Claim("data"), default);
        await client.CreateAsync(Storage.Pod("p", "data"), default);
        await UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations?["volume.kubernetes.io/selected-node"] == "a");
        await client.CreateAsync(Given.Pod("other"), default);
        await UntilAsync(async () => (await PodAsync("other")).Spec.NodeName == "a");
        Assert.Null((await PodAsync("p")).Spec.NodeName);
        await BindAsync("v");
        await UntilAsync(async () => (await PodAsync("p")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_free_volume_is_kept_for_the_claim()
    {
        await client.CreateAsync(Storage.Class("static", "kubernetes.io/no-provisioner"), default);
        await client.CreateAsync(Storage.Volume("v", storageClass: "static"), default);
        await client.CreateAsync(Storage.Claim("data", storageClass: "static"), default);
        await client.CreateAsync(Storage.Pod("p", "data"), default);
        await UntilAsync(async () => (await client.GetAsync<V1PersistentVolume>(new ObjectKey(null, "v"), default)).Spec.ClaimRef?.Name == "data");
        await BindAsync("v");
        await UntilAsync(async () => (await PodAsync("p")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_provisioner_that_gives_up_lets_the_pod_be_tried_again()
    {
        await client.CreateAsync(Storage.Claim("data"), default);
        await client.CreateAsync(Storage.Pod("p", "data"), default);
        await UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations is not null);
        var claim = await ClaimAsync();
        await client.UpdateAsync(claim with { Metadata = claim.Metadata with { Annotations = null } }, default);
        const string reason = "running PreBind plugin \"VolumeBinding\": binding volumes: provisioning failed for PVC \"data\"";
        await UntilAsync(async () => (await client.ListAsync<Corev1Event>(ListScope.All, default)).Items.Any(one => one.Message == reason));
        await UntilAsync(async () => (await ClaimAsync()).Metadata.Annotations is not null);
    }

    private async Task BindAsync(string volume)
    {
        while (true)
        {
            var claim = await ClaimAsync();
            var annotations = new Dictionary<string, string>(claim.Metadata.Annotations ?? new Dictionary<string, string>()) { ["pv.kubernetes.io/bind-completed"] = "yes" };
            try
            {
                await client.UpdateAsync(claim with { Metadata = claim.Metadata with { Annotations = annotations }, Spec = claim.Spec with { VolumeName = volume } }, default);
                return;
            }
            catch (ApiException conflict) when (conflict.IsConflict)
            {
                // The scheduler wrote in between.
            }
        }
    }

    private Task<V1PersistentVolumeClaim> ClaimAsync() => client.GetAsync<V1PersistentVolumeClaim>(new ObjectKey("default", "data"), default);

    private Task<V1Pod> PodAsync(string name) => client.GetAsync<V1Pod>(new ObjectKey("default", name), default);

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(5, timeout.Token);
        }
    }
}
