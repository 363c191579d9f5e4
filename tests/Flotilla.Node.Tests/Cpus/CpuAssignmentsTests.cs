using Flotilla.Node.Cpus;
using Flotilla.Node.Placement;
using k8s.Models;

namespace Flotilla.Node.Tests.Cpus;

public sealed class CpuAssignmentsTests : IDisposable
{
    // Two sockets, each a NUMA node, of two cores of two threads; threads of a core are four apart, as Linux numbers them.
    private static readonly CpuTopology Machine = new([.. Enumerable.Range(0, 8).Select(number => new Cpu(number, number % 4, number % 4 / 2, number % 4 / 2))]);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-cpus-");
    private CpuAssignments assignments;

    public CpuAssignmentsTests() => assignments = New();

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("0-7", 4, "0-1,4-5")]
    [InlineData("0-7", 2, "0,4")]
    [InlineData("0-7", 3, "0-1,4")]
    [InlineData("1-7", 1, "4")]
    [InlineData("1-7", 2, "1,5")]
    [InlineData("2-3,5-7", 2, "2,6")]
    [InlineData("0,5,7", 2, "0,7")]
    [InlineData("0-3", 5, null)]
    public void Takes_what_lies_close_together(string available, int count, string? taken)
    {
        var chosen = CpuPacking.Take(Machine, CpuSet.Parse(available), count);
        Assert.Equal(taken, chosen is null ? null : CpuSet.Format(chosen));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("0-2,5,7-8")]
    public void Sets_are_read_and_written(string text) => Assert.Equal(text, CpuSet.Format(CpuSet.Parse(text)));

    [Theory]
    [InlineData("a")]
    [InlineData("3-1")]
    [InlineData("1-2-3")]
    public void Nonsense_is_no_set(string text) => Assert.Contains("no list of processors", Assert.Throws<FormatException>(() => CpuSet.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Whole_processors_of_guaranteed_pods_are_theirs_alone()
    {
        Assert.Null(await AdmitAsync(Pod("a", "2"), Pods()));
        Assert.Null(await AdmitAsync(Pod("b", "1500m"), Pods("a")));
        Assert.Equal("1,5", assignments.Of("a", "main"));
        Assert.Equal("0,2-4,6-7", assignments.Of("b", "main"));
        assignments = New();
        Assert.Equal("1,5", assignments.Of("a", "main"));
        Assert.True(assignments.Release("a"));
        Assert.Equal("0-7", assignments.Of("b", "main"));
    }

    [Fact]
    public async Task What_is_reserved_is_never_given_away()
    {
        Assert.Equal("Allocate failed due to not enough cpus available to satisfy request: requested=8, available=7, which is unexpected", await AdmitAsync(Pod("a", "8"), Pods()));
        Assert.Equal("0-7", assignments.Of("a", "main"));
        Assert.Null(await AdmitAsync(Pod("b", "7"), Pods()));
        Assert.Equal("0", assignments.Of("c", "main"));
        Assert.Null(await AdmitAsync(Pod("d", "7"), Pods()));
    }

    [Fact]
    public async Task Init_containers_hand_their_processors_on()
    {
        var pod = Pod("a", "4");
        pod.Spec.InitContainers = [Container("init", "6")];
        Assert.Null(await AdmitAsync(pod, Pods()));
        Assert.Subset(CpuSet.Parse(assignments.Of("a", "init")), CpuSet.Parse(assignments.Of("a", "main")));
    }

    [Theory]
    [InlineData("0", 2, "0 preferred, 1 preferred, 0-1")]
    [InlineData("0", 4, "1 preferred, 0-1")]
    [InlineData("0", 5, "0-1 preferred")]
    [InlineData("0-2,7", 3, "0-1")]
    [InlineData("0", 8, "")]
    public async Task Tells_where_so_many_are_left(string reserved, int count, string hints)
    {
        assignments = new CpuAssignments(Machine, CpuSet.Parse(reserved), Path.Combine(directory.FullName, "cpus.json"));
        var pod = Pod("a", count.ToString(System.Globalization.CultureInfo.InvariantCulture));

        var found = (await assignments.HintsAsync(pod, pod.Spec.Containers[0], Cancel))["cpu"]!;

        Assert.Equal(hints, string.Join(", ", found.Select(hint => CpuSet.Format(hint.Nodes!.Value.Nodes) + (hint.IsPreferred ? " preferred" : ""))));
    }

    [Fact]
    public async Task A_containers_processors_lie_on_the_node_that_was_chosen()
    {
        Assert.Null(await AdmitAsync(Pod("a", "3"), Pods(), "single-numa-node"));
        Assert.Equal("1,4-5", assignments.Of("a", "main"));
        Assert.Equal("Resources cannot be allocated with Topology locality", await AdmitAsync(Pod("b", "5"), Pods("a"), "single-numa-node"));
        Assert.Null(await AdmitAsync(Pod("c", "4"), Pods("a"), "restricted"));
        Assert.Equal("2-3,6-7", assignments.Of("c", "main"));
    }

    [Fact]
    public async Task Containers_of_one_pod_may_have_to_lie_together()
    {
        var pod = Pod("a", "2");
        pod.Spec.Containers.Add(Container("other", "2"));
        Assert.Null(await AdmitAsync(pod, Pods(), "single-numa-node", wholePods: true));
        Assert.Equal(("2,6", "3,7"), (assignments.Of("a", "main"), assignments.Of("a", "other")));
    }

    private async Task<string?> AdmitAsync(V1Pod pod, HashSet<string> pods, string policy = "none", bool wholePods = false)
    {
        using var topology = new TopologyManager(TopologyPolicies.All.Single(known => known.Name == policy), wholePods, NumaMask.Of(0, 1), [assignments]);
        return (await topology.AdmitAsync(pod, pods, Cancel))?.Message;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private CpuAssignments New() => new(Machine, new HashSet<int> { 0 }, Path.Combine(directory.FullName, "cpus.json"));

    private static HashSet<string> Pods(params string[] uids) => [.. uids];

    private static V1Pod Pod(string uid, string cpu) => new() { Metadata = new V1ObjectMeta { Uid = uid, Name = uid }, Spec = new V1PodSpec { Containers = [Container("main", cpu)] } };

    private static V1Container Container(string name, string cpu) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new("1Gi") } },
    };
}
