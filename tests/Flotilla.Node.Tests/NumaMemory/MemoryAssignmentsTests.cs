using Flotilla.Node.Cpus;
using Flotilla.Node.NumaMemory;
using Flotilla.Node.Placement;
using k8s.Models;

namespace Flotilla.Node.Tests.NumaMemory;

/// <summary>A machine of two nodes of 2 GiB, of which 1 GiB each is left to pods.</summary>
public sealed class MemoryAssignmentsTests : IDisposable
{
    private static readonly NumaNodes Machine = new([.. Enumerable.Range(0, 2).Select(node => new NumaNode(node, new HashSet<int>(), new Dictionary<string, long> { ["memory"] = 2L << 30 }))]);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-memory-");
    private MemoryAssignments memory;

    public MemoryAssignmentsTests() => memory = New();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData(null, "512Mi", "0! 1! 0-1")]
    [InlineData(null, "1536Mi", "0-1!")]
    [InlineData(null, "3Gi", "")]
    [InlineData("512Mi", "512Mi", "0! 1!")]
    [InlineData("768Mi", "512Mi", "1!")]
    [InlineData("512Mi", "1536Mi", "")]
    [InlineData("1536Mi", "256Mi", "0-1")]
    public async Task Nodes_serve_alone_or_always_with_the_same_others(string? before, string amount, string hints)
    {
        Assert.Null(before is null ? null : await AdmitAsync(Pod("before", before)));
        var pod = Pod("a", amount);

        var found = (await memory.HintsAsync(pod, pod.Spec.Containers[0], Cancel))["memory"]!;

        Assert.Equal(hints, string.Join(' ', found.Select(hint => CpuSet.Format(hint.Nodes!.Value.Nodes) + (hint.IsPreferred ? "!" : ""))));
    }

    [Fact]
    public async Task What_a_pod_has_it_keeps_over_a_restart_and_gives_back_when_it_goes()
    {
        Assert.Null(await AdmitAsync(Pod("a", "1Gi")));
        Assert.Null(await AdmitAsync(Pod("b", "1Gi"), "a"));
        Assert.Equal((NumaMask.Of(0), NumaMask.Of(1)), (memory.NodesOf("a", "main")!.Value, memory.NodesOf("b", "main")!.Value));
        memory = New();
        Assert.Equal(NumaMask.Of(0), memory.NodesOf("a", "main"));
        Assert.Equal("Allocate failed due to [memorymanager] failed to find NUMA nodes that satisfy the container main resources, which is unexpected", await AdmitAsync(Pod("c", "1Gi"), "a", "b"));
        memory.Release("a");
        Assert.Null(await AdmitAsync(Pod("c", "1Gi"), "b"));
    }

    [Fact]
    public async Task Init_containers_hand_their_memory_on()
    {
        var pod = Pod("a", "1Gi");
        pod.Spec.InitContainers = [Container("init", "1Gi")];
        Assert.Null(await AdmitAsync(pod));
        Assert.Null(await AdmitAsync(Pod("b", "1Gi"), "a"));
    }

    [Fact]
    public async Task Pods_that_are_not_guaranteed_use_what_they_find()
    {
        var pod = Pod("a", "1Gi");
        pod.Spec.Containers[0].Resources.Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new("1Mi") };
        Assert.Null(await AdmitAsync(pod));
        Assert.Null(memory.NodesOf("a", "main"));
    }

    [Theory]
    [InlineData("0:memory=1Gi;1:memory=2Gi,hugepages-2Mi=4Mi", 1L << 30)]
    [InlineData("memory=1Gi", null)]
    [InlineData("0:cpu=1", null)]
    [InlineData("0:memory=much", null)]
    [InlineData("", null)]
    public void A_reserve_is_told_by_node(string text, long? first)
    {
        if (first is null)
        {
            Assert.Contains("write for example 0:memory=1Gi", Assert.Throws<FormatException>(() => MemoryReserve.Parse(text)).Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(first, MemoryReserve.Parse(text).Of(0, "memory"));
        }
    }

    private MemoryAssignments New() => new(Machine, MemoryReserve.Parse("0:memory=1Gi;1:memory=1Gi"), Path.Combine(directory.FullName, "memory.json"));

    private async Task<string?> AdmitAsync(V1Pod pod, params string[] pods)
    {
        using var topology = new TopologyManager(TopologyPolicies.All[0], false, Machine.Mask, [memory]);
        return (await topology.AdmitAsync(pod, pods.ToHashSet(), Cancel))?.Message;
    }

    private static V1Pod Pod(string uid, string amount) => new() { Metadata = new V1ObjectMeta { Uid = uid, Name = uid }, Spec = new V1PodSpec { Containers = [Container("main", amount)] } };

    private static V1Container Container(string name, string amount) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new(amount) } },
    };
}
