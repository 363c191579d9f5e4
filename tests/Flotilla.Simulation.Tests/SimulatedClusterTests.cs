using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Simulation.Tests;

/// <summary>A whole cluster in one process: real control plane, simulated nodes.</summary>
public sealed class SimulatedClusterTests : IAsyncLifetime
{
    private static readonly SimulationOptions Options = new() { Nodes = 6, Cpu = "4", Memory = "8Gi", Zones = 3 };
    private readonly CancellationTokenSource stop = new();
    private ControlPlane plane = null!;
    private NodeSimulator simulator = null!;
    private Task running = Task.CompletedTask;

    private IObjectClient Client => plane.Client;

    public async ValueTask InitializeAsync()
    {
        plane = await ControlPlane.StartAsync();
        simulator = new NodeSimulator(Options, Client, plane.Informers, TimeProvider.System, NullLogger.Instance);
        await simulator.RegisterAsync(default);
        running = simulator.RunAsync(stop.Token);
        await UntilAsync(async () => (await Client.ListAsync<V1Node>(ListScope.All, default)).Items.All(node => node.Spec.Taints is not { Count: > 0 }));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        simulator.Dispose();
        await plane.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task A_deployment_runs_spread_over_the_zones_and_goes_when_it_is_deleted()
    {
        await Client.CreateAsync(Deployment("web", 60), default);
        await UntilAsync(async () => (await Client.GetAsync<V1Deployment>(new ObjectKey("default", "web"), default)).Status?.ReadyReplicas == 60);

        var pods = (await PodsAsync()).ToList();
        Assert.All(pods, pod => Assert.Equal("Running", pod.Status.Phase));
        Assert.Equal(60, pods.Select(pod => pod.Status.PodIP).Distinct().Count());
        Assert.All(pods.CountBy(pod => pod.Spec.NodeName), node => Assert.InRange(node.Value, 8, 12));

        await Client.DeleteAsync<V1Deployment>(new ObjectKey("default", "web"), null, default);
        await UntilAsync(async () => !(await PodsAsync()).Any());
    }

    [Fact]
    public async Task A_job_completes_when_its_pods_duration_is_over()
    {
        await Client.CreateAsync(
            new V1Job
            {
                Metadata = new V1ObjectMeta { Name = "sum", NamespaceProperty = "default" },
                Spec = new V1JobSpec
                {
                    Completions = 3,
                    Parallelism = 3,
                    Template = new V1PodTemplateSpec
                    {
                        Metadata = new V1ObjectMeta { Annotations = new Dictionary<string, string> { ["simulate.flotilla.io/duration"] = "100ms" } },
                        Spec = new V1PodSpec { RestartPolicy = "Never", Containers = [new V1Container { Name = "c", Image = "i" }] },
                    },
                },
            },
            default);

        await UntilAsync(async () => (await Client.GetAsync<V1Job>(new ObjectKey("default", "sum"), default)).Status?.Succeeded == 3);
    }

    [Fact]
    public async Task A_removed_simulation_leaves_nothing_behind()
    {
        await Client.CreateAsync(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "alone", NamespaceProperty = "default" },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "i" }] },
        }, default);
        await UntilAsync(async () => (await PodsAsync()).Any(pod => pod.Status.Phase == "Running"));
        await stop.CancelAsync();
        await running;

        await simulator.RemoveAsync(default);

        Assert.Empty((await Client.ListAsync<V1Node>(ListScope.All, default)).Items);
        Assert.Empty((await Client.ListAsync<V1Lease>(new ListScope("kube-node-lease"), default)).Items);
        Assert.Empty(await PodsAsync());
    }

    [Fact]
    public async Task Why_tells_for_every_node_what_keeps_a_pod_off_and_what_would_help()
    {
        await Client.CreateAsync(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "big", NamespaceProperty = "default" },
            Spec = new V1PodSpec
            {
                NodeSelector = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "zone-1" },
                Containers = [new V1Container { Name = "c", Image = "i", Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("4500m") } } }],
            },
        }, default);
        const string summary = "None of 6 nodes is available: 2 Insufficient cpu, 4 node(s) didn't match Pod's node affinity/selector.";
        var why = await plane.Explainer.ExplainAsync(new ObjectKey("default", "big"), default);
        for (var look = 0; look < 200 && why.Summary != summary; look++)
        {
            // The scheduler may not have heard yet that every node is ready.
            await Task.Delay(50, TestContext.Current.CancellationToken);
            why = await plane.Explainer.ExplainAsync(new ObjectKey("default", "big"), default);
        }

        Assert.Equal(summary, why.Summary);
        var near = why.Nodes.Single(node => node.Name == "sim-0");
        Assert.Equal(("NodeResourcesFit", "needs 500m more cpu (4000m of 4000m free, 4500m asked)"), (near.Plugin, near.Remedy));
        var far = why.Nodes.Single(node => node.Name == "sim-1");
        Assert.Equal(("NodeAffinity", "label the node topology.kubernetes.io/zone=zone-1"), (far.Plugin, far.Remedy));

        var missing = await Assert.ThrowsAsync<ApiException>(() => plane.Explainer.ExplainAsync(new ObjectKey("default", "none"), default));
        Assert.True(missing.IsNotFound);
    }

    [Fact]
    public async Task A_pod_with_a_claim_waits_for_it_and_is_bound_where_its_device_is()
    {
        await Client.CreateAsync(new V1DeviceClass { Metadata = new V1ObjectMeta { Name = "gpu" }, Spec = new V1DeviceClassSpec() }, default);
        await Client.CreateAsync(
            new V1ResourceSlice
            {
                Metadata = new V1ObjectMeta { Name = "slice" },
                Spec = new V1ResourceSliceSpec
                {
                    Driver = "gpu.example.com",
                    NodeName = "sim-4",
                    Pool = new V1ResourcePool { Name = "pool", Generation = 1, ResourceSliceCount = 1 },
                    Devices = [new V1Device { Name = "g0" }],
                },
            },
            default);
        await Client.CreateAsync(
            new V1Pod
            {
                Metadata = new V1ObjectMeta { Name = "user", NamespaceProperty = "default" },
                Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "i" }], ResourceClaims = [new V1PodResourceClaim { Name = "g", ResourceClaimName = "claim" }] },
            },
            default);
        await Client.CreateAsync(
            new Resourcev1ResourceClaim
            {
                Metadata = new V1ObjectMeta { Name = "claim", NamespaceProperty = "default" },
                Spec = new V1ResourceClaimSpec { Devices = new V1DeviceClaim { Requests = [new V1DeviceRequest { Name = "r", Exactly = new V1ExactDeviceRequest { DeviceClassName = "gpu" } }] } },
            },
            default);

        await UntilAsync(async () => (await PodsAsync()).Any(pod => pod is { Spec.NodeName: "sim-4", Status.Phase: "Running" }));
        var claim = await Client.GetAsync<Resourcev1ResourceClaim>(new ObjectKey("default", "claim"), default);
        Assert.Equal("g0", Assert.Single(claim.Status.Allocation.Devices.Results).Device);
        Assert.Equal("user", Assert.Single(claim.Status.ReservedFor).Name);
        Assert.Contains("resource.kubernetes.io/delete-protection", claim.Metadata.Finalizers);
    }

    private static V1Deployment Deployment(string name, int replicas) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1DeploymentSpec
        {
            Replicas = replicas,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
            Template = new V1PodTemplateSpec
            {
                Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["app"] = name } },
                Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "i" }] },
            },
        },
    };

    private async Task<IReadOnlyList<V1Pod>> PodsAsync() => (await Client.ListAsync<V1Pod>(new ListScope("default"), default)).Items;

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
