using Flotilla.Api;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.DynamicResources.Api;
using Flotilla.Node.DynamicResources.Health;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.DynamicResources;

public sealed class DynamicResourceManagerTests : IAsyncLifetime
{
    private const string DriverName = "gpu.example.com";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-dra-");
    private readonly MemoryClient cluster = new();
    private readonly FakeTimeProvider time = new();
    private readonly HashSet<string> pods = [];
    private readonly DeviceHealths healths;
    private readonly DraDrivers drivers;
    private TestDriver driver = null!;
    private DynamicResourceManager manager;

    public DynamicResourceManagerTests()
    {
        healths = new DeviceHealths(time);
        drivers = new DraDrivers(new DeviceSlices(new NodeOptions { NodeName = "node-1" }, cluster), healths, time, NullLogger<DraDrivers>.Instance);
        manager = NewManager();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Socket => Path.Combine(directory.FullName, "driver.sock");

    public async ValueTask InitializeAsync() => driver = await TestDriver.StartAsync(Socket);

    public async ValueTask DisposeAsync()
    {
        manager.Dispose();
        drivers.Dispose();
        await driver.DisposeAsync();
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_claim_is_prepared_once_and_put_away_with_the_last_pod_that_uses_it()
    {
        await RegisterAsync();
        var (first, second) = (Pod("first", "one"), Pod("second", "one"));
        Claim("one", [first, second]);
        await manager.PrepareAsync(first, Cancel);
        await manager.PrepareAsync(second, Cancel);
        Assert.Equal(["example.com/gpu=one"], manager.NamesFor(first, first.Spec.Containers[0]));
        await manager.UnprepareAsync(first.Metadata.Uid, Cancel);
        Assert.Equal(["prepare one"], driver.Calls);
        Assert.Equal(["example.com/gpu=one"], manager.NamesFor(second, second.Spec.Containers[0]));
        await manager.UnprepareAsync(second.Metadata.Uid, Cancel);
        await manager.UnprepareAsync(second.Metadata.Uid, Cancel);
        Assert.Equal(["prepare one", "unprepare one"], driver.Calls);
    }

    [Fact]
    public async Task An_agent_that_was_killed_knows_what_was_prepared_and_puts_away_what_nobody_uses_any_more()
    {
        await RegisterAsync();
        var (stays, gone) = (Pod("stays", "one"), Pod("gone", "two"));
        Claim("one", [stays]);
        Claim("two", [gone]);
        await manager.PrepareAsync(stays, Cancel);
        driver.Refusal = "not now";
        await Assert.ThrowsAsync<DynamicResourceException>(() => manager.PrepareAsync(gone, Cancel));
        manager.Dispose();

        manager = NewManager();
        Assert.Equal(["example.com/gpu=one"], manager.NamesFor(stays, stays.Spec.Containers[0]));
        pods.Add(stays.Metadata.Uid);
        await manager.StartAsync(Cancel);
        await UntilAsync(() => driver.Calls.Contains("unprepare two"));
        Assert.DoesNotContain("unprepare one", driver.Calls);
        await manager.StopAsync(Cancel);
    }

    [Fact]
    public async Task Containers_get_the_devices_of_the_requests_they_name()
    {
        await RegisterAsync();
        driver.Devices = _ => [Device("x", "left"), Device("y", "right"), Device("z")];
        var pod = Pod("pod", "one");
        Claim("one", [pod]);
        await manager.PrepareAsync(pod, Cancel);
        Assert.Equal(["x", "y", "z"], manager.NamesFor(pod, Uses(null)));
        Assert.Equal(["y", "z"], manager.NamesFor(pod, Uses("right")));
        Assert.Empty(manager.NamesFor(pod, new V1Container { Name = "other" }));
    }

    [Fact]
    public async Task Devices_of_extended_resources_go_to_the_containers_that_ask_for_them()
    {
        await RegisterAsync();
        driver.Devices = _ => [Device("x", "container-0-request-0"), Device("y", "container-1-request-0")];
        var pod = Pod("pod", null);
        pod.Status = new V1PodStatus
        {
            ExtendedResourceClaimStatus = new V1PodExtendedResourceClaimStatus
            {
                ResourceClaimName = "special",
                RequestMappings =
                [
                    new V1ContainerExtendedResourceRequest { ContainerName = "c", ResourceName = "example.com/gpu", RequestName = "container-0-request-0" },
                    new V1ContainerExtendedResourceRequest { ContainerName = "d", ResourceName = "example.com/gpu", RequestName = "container-1-request-0" },
                ],
            },
        };
        Claim("special", [pod], owner: pod);
        await manager.PrepareAsync(pod, Cancel);
        var asks = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["example.com/gpu"] = new("1") } };
        Assert.Equal(["y"], manager.NamesFor(pod, new V1Container { Name = "d", Resources = asks }));
        Assert.Empty(manager.NamesFor(pod, new V1Container { Name = "e", Resources = asks }));
    }

    [Fact]
    public async Task Drivers_of_the_version_before_are_served_and_others_refused()
    {
        await using var beta = await TestDriver.StartAsync(Path.Combine(directory.FullName, "beta.sock"), "v1beta1.DRAPlugin");
        await drivers.RegisterAsync(beta.Info, beta.Info.Endpoint, Cancel);
        var pod = Pod("pod", "one");
        Claim("one", [pod]);
        await manager.PrepareAsync(pod, Cancel);
        await manager.UnprepareAsync(pod.Metadata.Uid, Cancel);
        Assert.Equal(["prepare one", "unprepare one"], beta.Calls);
        beta.Info.SupportedVersions[0] = "v1alpha3.Node";
        var refused = await Assert.ThrowsAsync<Node.Plugins.PluginException>(() => drivers.RegisterAsync(beta.Info, "/x.sock", Cancel));
        Assert.Equal(
            "invalid supported gRPC versions of DRA driver plugin gpu.example.com at endpoint /x.sock: none of services supported by the plugin ([\"v1alpha3.Node\"]) are supported by the kubelet ([\"v1.DRAPlugin\" \"v1beta1.DRAPlugin\"])",
            refused.Message);
    }

    [Fact]
    public async Task Users_are_told_why_a_claim_cannot_be_used()
    {
        var pod = Pod("pod", "one");
        Assert.Equal("fetch ResourceClaim one: Resourcev1ResourceClaim default/one not found", await FailureAsync(pod));
        Claim("one", []);
        Assert.Equal($"pod pod ({pod.Metadata.Uid}) is not allowed to use ResourceClaim one (uid-one)", await FailureAsync(pod));
        Claim("one", [pod]);
        Assert.Equal("DRA driver gpu.example.com is not registered", await FailureAsync(pod));
        await RegisterAsync();
        driver.Refusal = "too hot";
        Assert.Equal("NodePrepareResources failed for ResourceClaim one: too hot", await FailureAsync(pod));
        driver.Refusal = null;
        await driver.DisposeAsync();
        Assert.StartsWith("NodePrepareResources: rpc error: code = Unavailable desc = ", await FailureAsync(pod), StringComparison.Ordinal);
        pod.Spec.ResourceClaims[0] = new V1PodResourceClaim { Name = "device", ResourceClaimTemplateName = "template" };
        Assert.Equal("pod \"default/pod\": ResourceClaim not created yet", await FailureAsync(pod));
    }

    [Fact]
    public async Task A_container_s_status_tells_how_its_devices_are_as_long_as_the_driver_does()
    {
        await using var telling = await TestDriver.StartAsync(Path.Combine(directory.FullName, "telling.sock"), tellsHealth: true);
        telling.Devices = _ => [Device("x", "left"), Device("y", "right")];
        await drivers.RegisterAsync(telling.Info, telling.Info.Endpoint, Cancel);
        var pod = Pod("pod", "one");
        Claim("one", [pod]);
        Assert.Empty(manager.HealthOf(pod, Uses(null)));
        await manager.PrepareAsync(pod, Cancel);
        Assert.Equal("claim:device x=Unknown y=Unknown", Told(pod, null));

        Tell(telling, ("x", HealthStatus.Healthy, "", 0), ("y", HealthStatus.Unhealthy, "too hot", 90));
        await TellsAsync(() => Told(pod, null), "claim:device x=Healthy y=Unhealthy(too hot)");
        Assert.Equal("claim:device/right y=Unhealthy(too hot)", Told(pod, "right"));

        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("claim:device x=Unknown y=Unhealthy(too hot)", Told(pod, null));
        var changes = 0;
        healths.Changed += () => Interlocked.Increment(ref changes);
        await drivers.LookAfterAsync(Cancel);
        await drivers.LookAfterAsync(Cancel);
        Assert.Equal(1, changes);

        Tell(telling, ("x", HealthStatus.Healthy, new string('z', 1025), 0));
        await TellsAsync(() => Told(pod, "left"), $"claim:device/left x=Healthy({new string('z', 1021)}...)");
        Assert.Equal("claim:device/right y=Unhealthy(too hot)", Told(pod, "right"));

        await drivers.ForgetAsync(DriverName, telling.Info.Endpoint, Cancel);
        await TellsAsync(() => Told(pod, null), "claim:device x=Unknown y=Unknown");
    }

    [Fact]
    public async Task A_driver_that_ends_what_it_tells_is_asked_again()
    {
        await using var telling = await TestDriver.StartAsync(Path.Combine(directory.FullName, "telling.sock"), tellsHealth: true);
        await drivers.RegisterAsync(telling.Info, telling.Info.Endpoint, Cancel);
        Tell(telling, ("a", HealthStatus.Healthy, "", 0));
        await TellsAsync(() => healths.Of(DriverName, "pool", "a").Status, "Healthy");
        var first = telling.Health;
        telling.Health = System.Threading.Channels.Channel.CreateUnbounded<NodeWatchResourcesResponse>();
        first.Writer.Complete();
        await TellsAsync(() => healths.Of(DriverName, "pool", "a").Status, "Unknown");
        Tell(telling, ("a", HealthStatus.Unhealthy, "", 0));
        await TellsAsync(() => healths.Of(DriverName, "pool", "a").Status, "Unhealthy", () => time.Advance(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task What_a_driver_has_published_goes_half_a_minute_after_the_driver()
    {
        await drivers.LookAfterAsync(Cancel);
        Assert.Equal(["DELETE /apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=node-1"], cluster.Sent);
        await RegisterAsync();
        await drivers.LookAfterAsync(Cancel);
        await driver.DisposeAsync();
        await drivers.LookAfterAsync(Cancel);
        time.Advance(TimeSpan.FromSeconds(29));
        await drivers.LookAfterAsync(Cancel);
        Assert.Single(cluster.Sent);
        time.Advance(TimeSpan.FromSeconds(1));
        await drivers.LookAfterAsync(Cancel);
        Assert.Equal("DELETE /apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=node-1,spec.driver=gpu.example.com", cluster.Sent.Last());
        await drivers.ForgetAsync(DriverName, Socket, Cancel);
        await drivers.LookAfterAsync(Cancel);
        Assert.Equal(2, cluster.Sent.Count);
    }

    private DynamicResourceManager NewManager() =>
        new(new ClaimReader(cluster), drivers, healths, new ClaimLedger(Path.Combine(directory.FullName, "claims.json")), () => pods, time, NullLogger<DynamicResourceManager>.Instance);

    private static void Tell(TestDriver telling, params (string Device, HealthStatus Health, string Message, long Timeout)[] devices) => Assert.True(telling.Health.Writer.TryWrite(new NodeWatchResourcesResponse
    {
        Devices =
        {
            devices.Select(one => new DeviceHealth
            {
                Device = new DeviceIdentifier { PoolName = "pool", DeviceName = one.Device }, Health = one.Health, Message = one.Message, HealthCheckTimeoutSeconds = one.Timeout,
            }),
        },
    }));

    /// <summary>Like <c>claim:device x=Unhealthy(too hot)</c>.</summary>
    private string Told(V1Pod pod, string? request) => string.Join("; ", manager.HealthOf(pod, Uses(request))
        .Select(status => $"{status.Name} {string.Join(' ', status.Resources.Select(one => one.Message is null ? $"{one.ResourceID}={one.Health}" : $"{one.ResourceID}={one.Health}({one.Message})"))}"));

    private static async Task TellsAsync(Func<string> told, string expected, Action? meanwhile = null)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (told() != expected && DateTime.UtcNow < deadline)
        {
            meanwhile?.Invoke();
            await Task.Delay(10, Cancel);
        }
        Assert.Equal(expected, told());
    }

    private Task RegisterAsync() => drivers.RegisterAsync(driver.Info, Socket, Cancel);

    private async Task<string> FailureAsync(V1Pod pod) => (await Assert.ThrowsAsync<DynamicResourceException>(() => manager.PrepareAsync(pod, Cancel))).Message;

    private async Task UntilAsync(Func<bool> isRight)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (!isRight())
        {
            Assert.True(DateTime.UtcNow < deadline, "nothing is put away");
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(10, Cancel);
        }
    }

    private void Claim(string name, IReadOnlyList<V1Pod> users, V1Pod? owner = null) => cluster.Put(new Resourcev1ResourceClaim
    {
        ApiVersion = "resource.k8s.io/v1",
        Kind = "ResourceClaim",
        Metadata = new V1ObjectMeta
        {
            Name = name, NamespaceProperty = "default",
            OwnerReferences = owner is null ? null : [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = owner.Metadata.Name, Uid = owner.Metadata.Uid, Controller = true }],
        },
        Spec = new V1ResourceClaimSpec(),
        Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult
            {
                Devices = new V1DeviceAllocationResult { Results = [new V1DeviceRequestAllocationResult { Driver = DriverName, Pool = "pool", Device = "a", Request = "one" }] },
            },
            ReservedFor = [.. users.Select(user => new V1ResourceClaimConsumerReference { Resource = "pods", Name = user.Metadata.Name, Uid = user.Metadata.Uid })],
        },
    });

    private static Device Device(string name, params string[] requests) => new() { PoolName = "pool", DeviceName = name, CdiDeviceIds = { name }, RequestNames = { requests } };

    private static V1Container Uses(string? request) =>
        new() { Name = "c", Resources = new V1ResourceRequirements { Claims = [new Corev1ResourceClaim { Name = "device", Request = request }] } };

    private static V1Pod Pod(string name, string? claim) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = "uid-of-" + name },
        Spec = new V1PodSpec
        {
            ResourceClaims = claim is null ? null : [new V1PodResourceClaim { Name = "device", ResourceClaimName = claim }],
            Containers = [Uses(null)],
        },
    };
}
