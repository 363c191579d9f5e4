using Flotilla.Linux.Cri;
using Flotilla.Node.Devices;
using Flotilla.Node.Placement;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using k8s.Models;

namespace Flotilla.Node.Tests.Devices;

public sealed class DeviceManagerTests : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-devices-");
    private readonly FakeTimeProvider time = new();
    private readonly DeviceInventory inventory;
    private readonly DevicePluginHost host;
    private DeviceManager manager;
    private TestPlugin plugin = null!;

    public DeviceManagerTests()
    {
        inventory = new DeviceInventory(time);
        host = new DevicePluginHost(directory.FullName, inventory, NullLogger<DevicePluginHost>.Instance);
        manager = NewManager();
    }

    private string Ledger => Path.Combine(directory.FullName, "ledger.json");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await host.StartAsync(Cancel);
        plugin = await TestPlugin.StartAsync(directory.FullName);
    }

    public async ValueTask DisposeAsync()
    {
        await plugin.DisposeAsync();
        await host.StopAsync(CancellationToken.None);
        await host.DisposeAsync();
        manager.Dispose();
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Devices_are_counted_as_the_plugin_tells_and_forgotten_some_time_after_it_left()
    {
        await plugin.RegisterAsync();
        await plugin.TellAsync(("a", true), ("b", true), ("c", false));
        await UntilAsync((3, 2));
        await plugin.TellAsync(("a", true));
        await UntilAsync((1, 1));
        plugin.Leave();
        await UntilAsync((1, 0));
        time.Advance(DeviceInventory.Grace + TimeSpan.FromSeconds(1));
        Assert.Empty(inventory.Counts());
    }

    [Fact]
    public async Task A_container_gets_what_the_plugin_prefers_and_keeps_it_over_a_restart_of_the_agent()
    {
        await OfferAsync("a", "b", "c");
        plugin.Preferred = ["c"];
        var pod = Pod("p", 2);
        Assert.Null(await AdmitAsync(pod, Pods()));
        manager.Dispose();
        manager = NewManager();
        Assert.Null(await AdmitAsync(pod, Pods("p")));
        var grant = Assert.Single(await manager.PrepareAsync(pod, pod.Spec.Containers[0], Cancel));
        Assert.Equal(["c", "a"], grant.Devices);
        Assert.Equal(["c", "a"], plugin.Started);

        var config = new ContainerConfig { Envs = { new KeyValue { Key = "OWN", Value = "1" } } };
        DeviceConfiguration.Apply(config, [grant]);
        Assert.Equal(["OWN=1", "DEVICES=c,a"], config.Envs.Select(variable => $"{variable.Key}={variable.Value}"));
        Assert.Equal(("/dev/example", "/dev/null", "rw"), (config.Devices[0].ContainerPath, config.Devices[0].HostPath, config.Devices[0].Permissions));
        Assert.Equal("example.com/device=c,a", config.CDIDevices[0].Name);
    }

    [Fact]
    public async Task A_pod_waits_for_no_device_and_those_of_pods_that_left_are_free()
    {
        await OfferAsync("a", "b");
        Assert.Null(await AdmitAsync(Pod("one", 2), Pods()));
        Assert.Equal(
            "Allocate failed due to requested number of devices unavailable for example.com/device. Requested: 1, Available: 0, which is unexpected",
            await AdmitAsync(Pod("two", 1), Pods("one")));
        Assert.Null(await AdmitAsync(Pod("two", 1), Pods()));
    }

    [Fact]
    public async Task Init_containers_hand_their_devices_on()
    {
        await OfferAsync("a", "b");
        var pod = Pod("p", 2);
        pod.Spec.InitContainers = [Container("init", 2)];
        Assert.Null(await AdmitAsync(pod, Pods()));
        pod = Pod("q", 1);
        pod.Spec.InitContainers = [Container("sidecar", 2)];
        pod.Spec.InitContainers[0].RestartPolicy = "Always";
        Assert.NotNull(await AdmitAsync(pod, Pods()));
    }

    [Fact]
    public async Task A_plugins_refusal_is_told()
    {
        await OfferAsync("a");
        plugin.Refusal = "it burns";
        Assert.Equal("Allocate failed due to rpc error: code = Internal desc = it burns, which is unexpected", await AdmitAsync(Pod("p", 1), Pods()));
    }

    [Theory]
    [InlineData("v1", TestPlugin.Resource, "requested API version \"v1\" is not supported by kubelet. Supported version is [\"v1beta1\"]")]
    [InlineData("v1beta1", "device", "the ResourceName \"device\" is invalid")]
    public async Task Refuses_plugins_it_cannot_serve(string version, string resource, string problem)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => plugin.RegisterAsync(version, resource));
        Assert.Contains(problem, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Devices_near_to_each_other_are_given_together()
    {
        await plugin.RegisterAsync();
        await plugin.TellAsync([Device("a", 0), Device("b", 1), Device("c", 1), Device("d", null)]);
        await UntilAsync((4, 4));
        var pod = Pod("p", 2);
        var hints = await manager.HintsAsync(pod, pod.Spec.Containers[0], Cancel);
        Assert.Equal([new TopologyHint(NumaMask.Of(1), true), new TopologyHint(NumaMask.Of(0, 1), false)], hints[TestPlugin.Resource]);
        Assert.Null(await AdmitAsync(pod, Pods(), "single-numa-node"));
        Assert.Equal(["b", "c"], Assert.Single(await manager.GrantsAsync(pod, Cancel)).Devices);
        Assert.Equal("Resources cannot be allocated with Topology locality", await AdmitAsync(Pod("q", 2), Pods("p"), "single-numa-node"));
        Assert.Null(await AdmitAsync(Pod("q", 2), Pods("p"), "best-effort"));
    }

    [Fact]
    public async Task A_container_tells_how_its_devices_are()
    {
        await OfferAsync("a", "b");
        Assert.Null(await AdmitAsync(Pod("p", 2), Pods()));
        Assert.Equal("example.com/device: a=Healthy b=Healthy", Health());
        await plugin.TellAsync(("a", true), ("b", false));
        await UntilAsync((2, 1));
        Assert.Equal("example.com/device: a=Healthy b=Unhealthy", Health());
        await plugin.TellAsync(("a", true));
        await UntilAsync((1, 1));
        Assert.Equal("example.com/device: a=Healthy b=Unknown", Health());
        plugin.Leave();
        await UntilAsync((1, 0));
        Assert.Equal("example.com/device: a=Unhealthy b=Unknown", Health());
        Assert.Null(manager.HealthOf("p", "other"));
        Assert.True(manager.Has("p"));
        Assert.False(manager.Has("q"));

        string Health() => string.Join(' ', manager.HealthOf("p", Pod("p", 2).Spec.Containers[0].Name)!.Select(one => $"{one.Name}: {string.Join(' ', one.Resources.Select(device => $"{device.ResourceID}={device.Health}"))}"));
    }

    private DeviceManager NewManager() => new(inventory, new DeviceLedger(Ledger), NumaMask.Of(0, 1));

    private async Task<string?> AdmitAsync(V1Pod pod, IReadOnlySet<string> pods, string policy = "none")
    {
        using var topology = new TopologyManager(TopologyPolicies.All.Single(known => known.Name == policy), false, NumaMask.Of(0, 1), [manager]);
        return (await topology.AdmitAsync(pod, pods, Cancel))?.Message;
    }

    private static PluginDevice Device(string id, int? node) =>
        new() { ID = id, Health = "Healthy", Topology = node is { } number ? new TopologyInfo { Nodes = { new Flotilla.Node.Devices.NumaNode { ID = number } } } : null };

    private async Task OfferAsync(params string[] devices)
    {
        await plugin.RegisterAsync();
        await plugin.TellAsync([.. devices.Select(device => (device, true))]);
        await UntilAsync((devices.Length, devices.Length));
    }

    private async Task UntilAsync((int, int) counts)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (inventory.Counts().GetValueOrDefault(TestPlugin.Resource) != counts)
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private static HashSet<string> Pods(params string[] uids) => [.. uids];

    private static V1Pod Pod(string uid, int devices) => new() { Metadata = new V1ObjectMeta { Uid = uid, Name = uid }, Spec = new V1PodSpec { Containers = [Container("main", devices)] } };

    private static V1Container Container(string name, int devices) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { [TestPlugin.Resource] = new(devices.ToString(System.Globalization.CultureInfo.InvariantCulture)) } },
    };
}
