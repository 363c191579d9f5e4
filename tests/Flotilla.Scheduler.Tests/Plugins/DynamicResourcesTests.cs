using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Scheduler.Devices;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins;

public sealed class DynamicResourcesTests
{
    private const string Driver = "gpu.example.com";
    private readonly ClusterSnapshot cluster = Given.Cluster(Given.Node("a"), Given.Node("b"));
    private readonly Placer placer = new(PluginSet.Default());

    public DynamicResourcesTests()
    {
        cluster.Devices.Set(Class("gpu", "device.driver == 'gpu.example.com'"));
        cluster.Devices.Set(Slice("a", Device("g0", "big", 80), Device("g1", "small", 16)));
        cluster.Devices.Set(Slice("b", Device("g0", "small", 16), Device("g1", "small", 16)));
    }

    [Fact]
    public void Selectors_look_at_attributes_and_capacity()
    {
        Claim("c", Exactly("gpu", "device.attributes['gpu.example.com'].model == 'big' && device.capacity['gpu.example.com'].memory.compareTo(quantity('40Gi')) > 0"));

        Assert.Equal("a: r=g0", Allocate("c"));
    }

    [Fact]
    public void Devices_that_are_taken_or_promised_are_not_given_twice()
    {
        for (var i = 0; i < 4; i++)
        {
            Claim($"c{i}", Exactly("gpu"));
            Assert.NotNull(Allocate($"c{i}"));
        }

        Claim("late", Exactly("gpu"));
        Assert.Equal("0/2 nodes are available: 2 cannot allocate all claims.", Allocate("late"));
    }

    [Fact]
    public void A_request_for_all_gets_every_match_or_nothing()
    {
        Claim("one", Exactly("gpu", "device.attributes['gpu.example.com'].model == 'big'"));
        Assert.Equal("a: r=g0", Allocate("one"));
        Claim("all", Exactly("gpu", mode: "All"));

        Assert.Equal("b: r=g0 r=g1", Allocate("all"));
    }

    [Fact]
    public void A_constraint_makes_devices_agree()
    {
        var claim = Claim("pair", Exactly("gpu", count: 2));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { MatchAttribute = "gpu.example.com/model" }];

        Assert.Equal("b: r=g0 r=g1", Allocate("pair"));
    }

    [Fact]
    public void The_first_alternative_that_can_be_had_is_taken()
    {
        var claim = Claim("any", new V1DeviceRequest
        {
            Name = "r",
            FirstAvailable =
            [
                new V1DeviceSubRequest { Name = "huge", DeviceClassName = "gpu", Selectors = [Cel("device.attributes['gpu.example.com'].model == 'huge'")] },
                new V1DeviceSubRequest { Name = "big", DeviceClassName = "gpu", Selectors = [Cel("device.attributes['gpu.example.com'].model == 'big'")] },
            ],
        });

        Assert.Equal("a: r/big=g0", Allocate(claim.Metadata.Name));
    }

    [Fact]
    public void Admin_access_shares_what_is_taken()
    {
        Claim("user", Exactly("gpu", "device.attributes['gpu.example.com'].model == 'big'"));
        Assert.Equal("a: r=g0", Allocate("user"));
        var admin = Exactly("gpu", "device.attributes['gpu.example.com'].model == 'big'");
        admin.Exactly.AdminAccess = true;
        Claim("admin", admin);

        Assert.Equal("a: r=g0", Allocate("admin"));
    }

    [Fact]
    public void Partitions_share_the_counters_of_their_hardware()
    {
        var slice = Slice("a", Part("half0", 4), Part("half1", 4), Part("whole", 8));
        slice.Spec.SharedCounters = [new V1CounterSet { Name = "card", Counters = new Dictionary<string, V1Counter> { ["slots"] = new V1Counter { Value = new("8") } } }];
        cluster.Devices.Set(slice);
        cluster.Devices.RemoveSlice("slice-b");
        Claim("first", Exactly("gpu"));
        Claim("whole", Exactly("gpu", "device.attributes['gpu.example.com'].model == 'whole'"));
        Claim("second", Exactly("gpu"));

        Assert.Equal("a: r=half0", Allocate("first"));
        Assert.StartsWith("0/2", Allocate("whole"), StringComparison.Ordinal);
        Assert.Equal("a: r=half1", Allocate("second"));
    }

    [Fact]
    public void Tainted_devices_go_only_to_who_tolerates_them()
    {
        var tainted = Device("g0", "odd", 1);
        tainted.Taints = [new V1DeviceTaint { Key = "broken", Effect = "NoSchedule" }];
        cluster.Devices.Set(Slice("a", tainted));
        cluster.Devices.RemoveSlice("slice-b");
        Claim("c", Exactly("gpu"));
        Assert.StartsWith("0/2", Allocate("c"), StringComparison.Ordinal);

        var tolerant = Exactly("gpu");
        tolerant.Exactly.Tolerations = [new V1DeviceToleration { Key = "broken", OperatorProperty = "Exists" }];
        Claim("d", tolerant);
        Assert.Equal("a: r=g0", Allocate("d"));
    }

    [Theory]
    [InlineData(null, "10Gi", "10Gi 10Gi 10Gi 10Gi")]
    [InlineData(null, "15Gi", "15Gi 15Gi -")]
    [InlineData(null, null, "40Gi -")]
    [InlineData("values 4Gi 16Gi", "5Gi", "16Gi 16Gi -")]
    [InlineData("values 4Gi 16Gi", null, "4Gi 4Gi 4Gi 4Gi")]
    [InlineData("values 4Gi 16Gi", "17Gi", "-")]
    [InlineData("range 4Gi 20Gi 8Gi", "13Gi", "20Gi 20Gi -")]
    [InlineData("range 4Gi 20Gi 8Gi", "1Gi", "4Gi 4Gi 4Gi 4Gi")]
    [InlineData("range 4Gi 18Gi 8Gi", "13Gi", "-")]
    [InlineData(null, "50Gi", "-")]
    public void Shares_of_one_device_go_to_many_until_it_is_used_up(string? policy, string? wanted, string given)
    {
        var device = Device("g0", "big", 40);
        device.AllowMultipleAllocations = true;
        device.Capacity["memory"].RequestPolicy = Policy(policy);
        cluster.Devices.Set(Slice("a", device));
        cluster.Devices.RemoveSlice("slice-b");
        foreach (var (share, i) in given.Split(' ').Select((share, i) => (share, i)))
        {
            var request = Exactly("gpu");
            request.Exactly.Capacity = wanted is null ? null : new V1CapacityRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new(wanted) } };
            var claim = Claim($"c{i}", request);
            Assert.Equal(share == "-" ? "0/2 nodes are available: 2 cannot allocate all claims." : "a: r=g0", Allocate($"c{i}"));
            var result = cluster.Devices.Claim(claim.Key())!.Status?.Allocation.Devices.Results.Single();
            Assert.Equal(share, result?.ConsumedCapacity["memory"].ToString() ?? "-");
            Assert.Equal(share != "-", result?.ShareID is not null);
        }
    }

    [Fact]
    public void A_device_that_is_given_whole_must_have_what_is_asked_for()
    {
        var request = Exactly("gpu");
        request.Exactly.Capacity = new V1CapacityRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new("40Gi") } };
        Claim("c", request);

        Assert.Equal("a: r=g0", Allocate("c"));
        Assert.Null(cluster.Devices.Claim(new ObjectKey("default", "c"))!.Status.Allocation.Devices.Results.Single().ShareID);
    }

    [Theory]
    [InlineData("", "Waiting")]
    [InlineData("attached=False", "Waiting")]
    [InlineData("attached=True", "Waiting")]
    [InlineData("attached=True warm=True", "Ready")]
    [InlineData("attached=True warm=True broken=True", "Failed")]
    public void A_device_is_ready_when_its_driver_says_so(string conditions, string state)
    {
        var device = Device("g0", "big", 80);
        (device.BindingConditions, device.BindingFailureConditions, device.BindsToNode) = (["attached", "warm"], ["broken"], true);
        var slice = Slice("a", device);
        (slice.Spec.NodeName, slice.Spec.AllNodes) = (null, true);
        cluster.Devices.Set(slice);
        cluster.Devices.RemoveSlice("slice-b");
        var key = Claim("c", Exactly("gpu")).Key();
        Assert.EndsWith(": r=g0", Allocate("c"), StringComparison.Ordinal);
        var claim = cluster.Devices.Claim(key)!;
        Assert.Equal("metadata.name", claim.Status.Allocation.NodeSelector.NodeSelectorTerms.Single().MatchFields.Single().Key);
        Assert.True(DeviceReadiness.Waits(claim.Status.Allocation));
        claim.Status.Devices =
        [
            new V1AllocatedDeviceStatus
            {
                Driver = Driver, Pool = "a", Device = "g0",
                Conditions = [.. conditions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('=')).Select(parts => new V1Condition { Type = parts[0], Status = parts[1] })],
            },
        ];
        Assert.Equal(state, DeviceReadiness.StateOf(claim).ToString());
    }

    [Fact]
    public void An_allocated_claim_ties_the_pod_to_where_its_devices_are()
    {
        Claim("c", Exactly("gpu", "device.attributes['gpu.example.com'].model == 'big'"));
        Allocate("c");

        Assert.Equal("a", placer.Place(Pod("second", "c"), cluster).NodeName);
    }

    [Theory]
    [InlineData("example.com/gpu")]
    [InlineData("deviceclass.resource.kubernetes.io/gpu")]
    public void Devices_that_are_asked_for_as_resources_come_from_a_claim_of_the_schedulers_own(string resource)
    {
        var named = Class("gpu", "device.driver == 'gpu.example.com'");
        named.Spec.ExtendedResourceName = "example.com/gpu";
        cluster.Devices.Set(named);
        cluster.Devices.RemoveSlice("slice-b");
        var cycle = new SchedulingCycle(Asking("first", resource, 2), cluster);
        Assert.Equal("a", placer.Place(cycle).NodeName);
        Assert.All(placer.Plugins.Reservers, plugin => Assert.True(plugin.Reserve(cycle, cluster.Node("a")!).IsFit));
        var promised = cluster.Devices.PromiseFor(ExtendedClaim.PromiseOf("uid-first"))!;
        Assert.Equal(["g0", "g1"], promised.Devices.Results.Select(one => one.Device));
        Assert.Equal("0/2 nodes are available: 2 cannot allocate all claims.", placer.Place(Asking("second", resource, 1), cluster).Diagnosis!.ToString());
        Assert.All(placer.Plugins.Reservers, plugin => plugin.Unreserve(cycle, "a"));
        Assert.Equal("a", placer.Place(Asking("second", resource, 1), cluster).NodeName);
    }

    [Fact]
    public void Where_a_plugin_counts_the_resource_it_comes_from_the_plugin()
    {
        var named = Class("gpu", "device.driver == 'gpu.example.com'");
        named.Spec.ExtendedResourceName = "example.com/gpu";
        cluster.Devices.Set(named);
        cluster.Devices.RemoveSlice("slice-a");
        cluster.Devices.RemoveSlice("slice-b");
        Assert.Equal("0/2 nodes are available: 2 cannot allocate all claims.", placer.Place(Asking("p", "example.com/gpu", 1), cluster).Diagnosis!.ToString());
        var node = Given.Node("b");
        node.Status.Allocatable["example.com/gpu"] = new("1");
        cluster.SetNode(node);
        Assert.Equal("b", placer.Place(Asking("p", "example.com/gpu", 1), cluster).NodeName);
        cluster.Devices.RemoveClass("gpu");
        Assert.Equal("0/2 nodes are available: 2 Insufficient example.com/other.", placer.Place(Asking("p", "example.com/other", 1), cluster).Diagnosis!.ToString());
    }

    [Fact]
    public void A_claim_that_an_earlier_attempt_left_goes_before_the_next()
    {
        var claim = Claim("left", Exactly("gpu"));
        claim.Metadata.Annotations = new Dictionary<string, string> { [ExtendedClaim.Annotation] = "true" };
        claim.Metadata.OwnerReferences = [new V1OwnerReference { Kind = "Pod", Name = "p", Uid = "uid-p", Controller = true }];
        Assert.Equal(
            "0/2 nodes are available: 2 cannot schedule extended resource claim.",
            placer.Place(Asking("p", "deviceclass.resource.kubernetes.io/gpu", 1), cluster).Diagnosis!.ToString());
    }

    [Fact]
    public void Containers_that_end_before_others_start_use_what_these_will_have()
    {
        var pod = Given.Pod("p", with: pod =>
        {
            pod.Spec.InitContainers = [Asks("small", 1), Asks("large", 5), Asks("middle", 4), Asks("sidecar", 1) with { RestartPolicy = "Always" }];
            pod.Spec.Containers = [Asks("main", 2)];
        });
        var requests = ExtendedRequests.For(pod, new Dictionary<string, V1DeviceClass> { ["example.com/gpu"] = Class("gpu", "true") });
        Assert.Equal(["container-1-request-1 2", "container-3-request-1 1", "container-4-request-1 2"], requests.Requests.Select(request => $"{request.Name} {request.Exactly.Count}"));
        Assert.Equal(
            [
                "sidecar 3", "main 4", "small 3", "large 3", "large 4", "large 1", "middle 3", "middle 4", "middle 1",
            ],
            requests.Mappings.Select(mapping => $"{mapping.ContainerName} {mapping.RequestName["container-".Length]}"));
    }

    private static V1Container Asks(string name, int count) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["example.com/gpu"] = new($"{count}") } },
    };

    private static PodInfo Asking(string name, string resource, int count) =>
        new(Given.Pod(name, with: pod => pod.Spec.Containers[0].Resources.Requests[resource] = new($"{count}")));

    [Fact]
    public void What_is_missing_is_said_in_upstreams_words()
    {
        Assert.Equal("0/2 nodes are available: resourceclaim.resource.k8s.io \"none\" not found.", placer.Place(Pod("p", "none"), cluster).Diagnosis!.ToString());

        Claim("c", Exactly("tpu"));
        Assert.Equal("0/2 nodes are available: request r: device class tpu does not exist.", placer.Place(Pod("p", "c"), cluster).Diagnosis!.ToString());

        Claim("d", Exactly("gpu", "device.attributes['gpu.example.com'].modell == 'big'"));
        var broken = placer.Place(Pod("p", "d"), cluster).Diagnosis!;
        Assert.True(broken.IsError);
        Assert.Contains("CEL runtime error: no such key: modell", broken.ToString(), StringComparison.Ordinal);

        var waiting = Given.Pod("t", with: pod => pod.Spec.ResourceClaims = [new V1PodResourceClaim { Name = "x", ResourceClaimTemplateName = "template" }]);
        var gate = placer.Plugins.PreEnqueue.Single(plugin => plugin.Name == "DynamicResources");
        Assert.Equal("pod \"default/t\": ResourceClaim not created yet", gate.PreEnqueue(new PodInfo(waiting), cluster).Reasons![0]);
    }

    /// <summary>"node: request=device ...", or why not; writes the allocation as PreBind would.</summary>
    private string Allocate(string claimName)
    {
        var cycle = new SchedulingCycle(Pod("pod-of-" + claimName, claimName), cluster);
        var decision = placer.Place(cycle);
        if (decision.NodeName is not { } node)
        {
            return decision.Diagnosis!.ToString();
        }

        var before = cluster.Devices.Taken().Count;
        Assert.All(placer.Plugins.Reservers, plugin => Assert.True(plugin.Reserve(cycle, cluster.Node(node)!).IsFit));
        var key = new ObjectKey("default", claimName);
        var allocation = cluster.Devices.PromiseFor(cluster.Devices.Claim(key)!.Metadata.Uid)!;
        Assert.True(cluster.Devices.Taken().Count >= before);
        var claim = cluster.Devices.Claim(key)!;
        claim.Status = new V1ResourceClaimStatus { Allocation = allocation };
        cluster.Devices.Set(key, claim);
        return $"{node}: {string.Join(' ', allocation.Devices.Results.Select(one => $"{one.Request}={one.Device}"))}";
    }

    private static PodInfo Pod(string name, string claim) =>
        new(Given.Pod(name, with: pod => pod.Spec.ResourceClaims = [new V1PodResourceClaim { Name = "x", ResourceClaimName = claim }]));

    private Resourcev1ResourceClaim Claim(string name, params V1DeviceRequest[] requests)
    {
        var claim = new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = "uid-" + name },
            Spec = new V1ResourceClaimSpec { Devices = new V1DeviceClaim { Requests = requests } },
        };
        cluster.Devices.Set(new ObjectKey("default", name), claim);
        return claim;
    }

    private static V1DeviceRequest Exactly(string className, string? cel = null, string mode = "ExactCount", long count = 1) => new()
    {
        Name = "r",
        Exactly = new V1ExactDeviceRequest { DeviceClassName = className, AllocationMode = mode, Count = mode == "All" ? null : count, Selectors = cel is null ? null : [Cel(cel)] },
    };

    private static V1DeviceSelector Cel(string expression) => new() { Cel = new V1CELDeviceSelector { Expression = expression } };

    private static V1DeviceClass Class(string name, string cel) => new() { Metadata = new V1ObjectMeta { Name = name }, Spec = new V1DeviceClassSpec { Selectors = [Cel(cel)] } };

    private static V1ResourceSlice Slice(string node, params V1Device[] devices) => new()
    {
        Metadata = new V1ObjectMeta { Name = "slice-" + node },
        Spec = new V1ResourceSliceSpec { Driver = Driver, NodeName = node, Pool = new V1ResourcePool { Name = node, Generation = 1, ResourceSliceCount = 1 }, Devices = devices },
    };

    private static V1Device Device(string name, string model, int gibibytes) => new()
    {
        Name = name,
        Attributes = new Dictionary<string, V1DeviceAttribute> { ["model"] = new V1DeviceAttribute { StringValue = model } },
        Capacity = new Dictionary<string, V1DeviceCapacity> { ["memory"] = new V1DeviceCapacity { Value = new($"{gibibytes}Gi") } },
    };

    /// <summary>"values A B" or "range LEAST MOST STEP"; the first is the default.</summary>
    private static V1CapacityRequestPolicy? Policy(string? text) => text?.Split(' ') switch
    {
        null => null,
        ["values", .. var values] => new V1CapacityRequestPolicy { DefaultProperty = new(values[0]), ValidValues = [.. values.Select(value => new ResourceQuantity(value))] },
        [_, var least, var most, var step] => new V1CapacityRequestPolicy { DefaultProperty = new(least), ValidRange = new V1CapacityRequestPolicyRange { Min = new(least), Max = new ResourceQuantity(most), Step = new ResourceQuantity(step) } },
        _ => throw new FormatException(text),
    };

    private static V1Device Part(string name, int slots)
    {
        var device = Device(name, name, 1);
        device.ConsumesCounters = [new V1DeviceCounterConsumption { CounterSet = "card", Counters = new Dictionary<string, V1Counter> { ["slots"] = new V1Counter { Value = new($"{slots}") } } }];
        return device;
    }
}
