using Flotilla.Node.Cpus;
using k8s.Models;

namespace Flotilla.Node.Tests.Cpus;

public sealed class CpuAssignmentsTests : IDisposable
{
    // Two sockets of two cores of two threads; threads of a core are four apart, as Linux numbers them.
    private static readonly CpuTopology Machine = new([.. Enumerable.Range(0, 8).Select(number => new Cpu(number, number % 4, number % 4 / 2))]);
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
    public void Whole_processors_of_guaranteed_pods_are_theirs_alone()
    {
        Assert.Null(assignments.Admit(Pod("a", "2"), Pods()));
        Assert.Null(assignments.Admit(Pod("b", "1500m"), Pods("a")));
        Assert.Equal("1,5", assignments.Of("a", "main"));
        Assert.Equal("0,2-4,6-7", assignments.Of("b", "main"));
        assignments = New();
        Assert.Equal("1,5", assignments.Of("a", "main"));
        Assert.True(assignments.Release("a"));
        Assert.Equal("0-7", assignments.Of("b", "main"));
    }

    [Fact]
    public void What_is_reserved_is_never_given_away()
    {
        Assert.Equal("not enough cpus available to satisfy request: requested=8, available=7", assignments.Admit(Pod("a", "8"), Pods()));
        Assert.Equal("0-7", assignments.Of("a", "main"));
        Assert.Null(assignments.Admit(Pod("b", "7"), Pods()));
        Assert.Equal("0", assignments.Of("c", "main"));
        Assert.Null(assignments.Admit(Pod("d", "7"), Pods()));
    }

    [Fact]
    public void Init_containers_hand_their_processors_on()
    {
        var pod = Pod("a", "4");
        pod.Spec.InitContainers = [Container("init", "6")];
        Assert.Null(assignments.Admit(pod, Pods()));
        Assert.Subset(CpuSet.Parse(assignments.Of("a", "init")), CpuSet.Parse(assignments.Of("a", "main")));
    }

    private CpuAssignments New() => new(Machine, new HashSet<int> { 0 }, Path.Combine(directory.FullName, "cpus.json"));

    private static HashSet<string> Pods(params string[] uids) => [.. uids];

    private static V1Pod Pod(string uid, string cpu) => new() { Metadata = new V1ObjectMeta { Uid = uid, Name = uid }, Spec = new V1PodSpec { Containers = [Container("main", cpu)] } };

    private static V1Container Container(string name, string cpu) => new()
    {
        Name = name,
        Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new("1Gi") } },
    };
}
