using Flotilla.Node.Admission;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Tests.Admission;

public sealed class CriticalPodsTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-critical-");

    [Fact]
    public void The_fewest_and_the_least_important_go()
    {
        V1Pod[] others = [Pod("best", null), Pod("small", "200m"), Pod("right", "1"), Pod("large", "1800m"), Guaranteed("guaranteed", "1")];
        Assert.Equal(["right"], Chosen(others, ("cpu", 1)));
        Assert.Equal(["large"], Chosen(others, ("cpu", 1.5m)));
        Assert.Equal(["large", "right", "small"], Chosen(others, ("cpu", 3)));
        Assert.Equal(["large", "right", "guaranteed"], Chosen(others, ("cpu", 3.5m)));
        Assert.Equal(["best"], Chosen(others, ("pods", 1)));
        Assert.Null(Chosen(others, ("cpu", 4.5m)));
    }

    [Fact]
    public void Critical_pods_and_more_important_ones_stay()
    {
        var important = Pod("important", "1");
        important.Spec.Priority = 2_000_001_001;
        var equal = Pod("equal", "1");
        equal.Spec.Priority = 2_000_000_000;
        Assert.Null(Chosen([important, equal], ("cpu", 1)));
        Assert.Equal("[(res: cpu, q: 500), (res: pods, q: 1), ]", CriticalPods.Describe(new Dictionary<string, decimal> { ["cpu"] = 0.5m, ["pods"] = 1 }));
    }

    [Fact]
    public void Room_is_made_only_where_nothing_else_speaks_against_the_pod()
    {
        var check = new ResourceCheck(new NodeCapacity(2, 1L << 32, 1L << 40, 110));
        var admission = new PodAdmission([check, new GroupsCheck()], check, new AllocationFiles(new NodeOptions { NodeName = "n", DataDirectory = directory.FullName }), () => null);
        Assert.Null(admission.Admit(Pod("a", "1500m"), isKnown: false, () => { }));
        var critical = Critical("1");
        var rejection = admission.Admit(critical, isKnown: false, () => { })!;
        Assert.True(rejection.IsForResources);
        Assert.Equal(["a"], admission.MakeRoom(critical, rejection).Victims.Select(pod => pod.Metadata.Name));

        Assert.Equal(
            "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 3500), ]",
            admission.MakeRoom(Critical("4"), rejection).Rejection.Message);
        critical.Spec.SecurityContext = new V1PodSecurityContext { SupplementalGroupsPolicy = "Strict" };
        var (victims, final) = admission.MakeRoom(critical, rejection);
        Assert.Empty(victims);
        Assert.Equal("SupplementalGroupsPolicyNotSupported", final.Reason);
    }

    public void Dispose() => directory.Delete(recursive: true);

    private static IEnumerable<string>? Chosen(V1Pod[] others, params (string Resource, decimal Amount)[] lacks) =>
        CriticalPods.MakeRoom(Critical("1"), others, lacks.ToDictionary(lack => lack.Resource, lack => lack.Amount))?.Select(pod => pod.Metadata.Name);

    private static V1Pod Critical(string cpu)
    {
        var pod = Pod("critical", cpu);
        pod.Spec.Priority = 2_000_000_000;
        return pod;
    }

    private static V1Pod Guaranteed(string name, string cpu)
    {
        var pod = Pod(name, cpu);
        var amounts = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new("1Mi") };
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements { Requests = amounts, Limits = amounts };
        return pod;
    }

    private static V1Pod Pod(string name, string? cpu) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Uid = name },
        Spec = new V1PodSpec
        {
            Containers = [new V1Container { Name = "c", Resources = cpu is null ? null : new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) } } }],
        },
    };
}
