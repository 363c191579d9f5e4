using Flotilla.Node.Eviction;
using Flotilla.Node.Linux;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Tests.Eviction;

public sealed class EvictionTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly EvictionThreshold Hard = new(EvictionSignal.MemoryAvailable, "100Mi");
    private static readonly EvictionThreshold Soft = new(EvictionSignal.MemoryAvailable, "20%") { Patience = TimeSpan.FromSeconds(30) };

    [Fact]
    public void A_hard_threshold_acts_at_once_and_a_soft_one_when_its_patience_is_over()
    {
        var state = new EvictionState([Hard, Soft], TimeSpan.FromMinutes(5));
        Assert.Empty(state.Observe(Memory(1000), Start));
        Assert.Equal(default, state.Pressure);
        Assert.Empty(state.Observe(Memory(150), Start.AddSeconds(10)));
        Assert.True(state.Pressure.Memory);
        Assert.Equal([Soft], state.Observe(Memory(150), Start.AddSeconds(40)).Select(shortage => shortage.Threshold));
        Assert.Equal([Hard, Soft], state.Observe(Memory(99), Start.AddSeconds(50)).Select(shortage => shortage.Threshold));
        // What recovers in between begins anew.
        Assert.Empty(state.Observe(Memory(500), Start.AddSeconds(60)));
        Assert.Empty(state.Observe(Memory(150), Start.AddSeconds(70)));
    }

    [Fact]
    public void Pressure_is_told_until_it_has_been_gone_for_a_while()
    {
        var state = new EvictionState([Hard, new(EvictionSignal.NodeFilesFree, "5%"), new(EvictionSignal.ProcessesAvailable, "10")], TimeSpan.FromMinutes(5));
        state.Observe(Memory(50), Start);
        state.Observe(Memory(500), Start.AddMinutes(4));
        Assert.Equal(new NodePressure(true, false, false), state.Pressure);
        state.Observe(Memory(500), Start.AddMinutes(5));
        Assert.Equal(default, state.Pressure);
        state.Observe(new Dictionary<EvictionSignal, SignalReading> { [EvictionSignal.NodeFilesFree] = new(4, 100), [EvictionSignal.ProcessesAvailable] = new(9, 100) }, Start.AddMinutes(6));
        Assert.Equal(new NodePressure(false, true, true), state.Pressure);
    }

    [Fact]
    public void Who_uses_more_than_asked_for_goes_first_then_who_matters_less_then_who_exceeds_most()
    {
        EvictionCandidate[] pods =
        [
            Pod("modest", memory: 50, request: 100),
            Pod("important", memory: 900, request: 100, priority: 10),
            Pod("greedy", memory: 300, request: 100),
            Pod("greediest", memory: 500, request: 0),
            Pod("critical", memory: 9000, request: 0, priority: 2_000_001_000),
        ];
        Assert.Equal(["greediest", "greedy", "important", "modest"], EvictionRanking.For(EvictionSignal.MemoryAvailable, pods).Select(pod => pod.Pod.Metadata.Name));
        Assert.Equal("important", EvictionRanking.For(EvictionSignal.ProcessesAvailable, pods)[^1].Pod.Metadata.Name);
    }

    [Fact]
    public void The_message_says_what_lacks_and_who_used_it()
    {
        var pod = Pod("p", memory: 300, request: 100);
        var shortage = new Shortage(Hard, new SignalReading(84632L << 10, 1L << 30));
        Assert.Equal(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 84632Ki. Container c was using 300Mi, request is 100Mi, has larger consumption of memory. ",
            EvictionMessages.For(shortage, pod));
        Assert.Equal("The node had condition: [MemoryPressure]. ", EvictionMessages.Condition(["MemoryPressure"]));
    }

    [Fact]
    public void Limits_of_storage_are_kept_for_volumes_pods_and_containers()
    {
        var pod = Pod("p", memory: 0, request: 0);
        Assert.False(StorageLimits.HasAny(pod.Pod));
        pod.Pod.Spec.Volumes = [new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = new("1Mi") } }];
        Assert.True(StorageLimits.HasAny(pod.Pod));
        Assert.Null(StorageLimits.Excess(pod, _ => new DiskUse(1 << 20, 1)));
        Assert.Equal("Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ", StorageLimits.Excess(pod, _ => new DiskUse((1 << 20) + 1, 1)));

        pod.Pod.Spec.Containers[0].Resources.Limits = new Dictionary<string, ResourceQuantity> { ["ephemeral-storage"] = new("2Mi") };
        var full = pod with { Disk = new DiskUse(3 << 20, 1) };
        Assert.Equal("Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ", StorageLimits.Excess(full, _ => default));
        var own = pod with { ContainerDisk = new Dictionary<string, DiskUse> { ["c"] = new(3 << 20, 1) } };
        Assert.Equal("Container c exceeded its local ephemeral storage limit \"2Mi\". ", StorageLimits.Excess(own, _ => default));
    }

    private static Dictionary<EvictionSignal, SignalReading> Memory(long mebibytes) => new() { [EvictionSignal.MemoryAvailable] = new(mebibytes << 20, 1L << 30) };

    private static EvictionCandidate Pod(string name, long memory, long request, int priority = 0) => new(new V1Pod
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec
        {
            Priority = priority,
            Containers = [new V1Container { Name = "c", Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new($"{request}Mi") } } }],
        },
    })
    {
        MemoryBytes = memory << 20,
        Processes = memory,
        ContainerMemory = new Dictionary<string, long> { ["c"] = memory << 20 },
    };
}
