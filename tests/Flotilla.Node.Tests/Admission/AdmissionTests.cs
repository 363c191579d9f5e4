using Flotilla.Api.Pods;
using Flotilla.Node.Admission;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Tests.Admission;

public sealed class AdmissionTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-admission-");
    private readonly PodAdmission admission;

    public AdmissionTests() => admission = New();

    [Fact]
    public void What_does_not_fit_beside_the_others_is_rejected_until_one_leaves()
    {
        Assert.Null(admission.Admit(Pod("a", "1500m"), isKnown: false, () => { }));
        Assert.Equal(new Rejection("OutOfcpu", "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000"), admission.Admit(Pod("b", "1"), isKnown: false, () => { }));
        Assert.Null(admission.Admit(Pod("runs-already", "1"), isKnown: true, () => { }));
        admission.Release("a");
        Assert.Null(admission.Admit(Pod("b", "1"), isKnown: false, () => { }));
    }

    [Fact]
    public void A_resize_is_given_deferred_or_infeasible()
    {
        var woken = 0;
        admission.Admit(Pod("a", "1"), isKnown: false, () => woken++);
        admission.Admit(Pod("b", "500m"), isKnown: false, () => { });
        Assert.Equal(("1", null, false), Summary(admission.Allocate(Pod("a", "1"))));
        Assert.Equal(("1500m", null, true), Summary(admission.Allocate(Pod("a", "1500m"))));

        Assert.Equal(("1500m", "Infeasible", false), Summary(admission.Allocate(Pod("a", "3"))));
        Assert.Equal("Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000", admission.Allocate(Pod("a", "3")).Pending!.Message);
        Assert.Equal(("1500m", "Deferred", false), Summary(admission.Allocate(Pod("a", "1800m"))));
        admission.Release("b");
        Assert.Equal(1, woken);
        Assert.Equal(("1800m", null, true), Summary(admission.Allocate(Pod("a", "1800m"))));
    }

    [Fact]
    public void What_was_given_is_known_after_a_restart()
    {
        admission.Admit(Pod("a", "1"), isKnown: false, () => { });
        var restarted = New();
        Assert.Null(restarted.Admit(Pod("a", "3"), isKnown: true, () => { }));
        Assert.Equal(("1", "Infeasible", false), Summary(restarted.Allocate(Pod("a", "3"))));
    }

    [Theory]
    [InlineData("kernel.msgmax", false, "forbidden sysctl: \"kernel.msgmax\" not allowlisted")]
    [InlineData("net/ipv4/tcp_syncookies", false, null)]
    [InlineData("net.ipv4.tcp_syncookies", true, "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled")]
    [InlineData("kernel.allowed.one", false, null)]
    public void Kernel_settings_are_safe_allowed_or_forbidden(string name, bool hostNetwork, string? fault)
    {
        var pod = Pod("a", "1");
        pod.Spec.HostNetwork = hostNetwork;
        pod.Spec.SecurityContext = new V1PodSecurityContext { Sysctls = [new V1Sysctl { Name = name, Value = "1" }] };
        Assert.Equal(fault, new SysctlCheck(["kernel.allowed.*"]).Check(pod, new AdmissionView(null, []))?.Message);
    }

    [Theory]
    [InlineData("net.core.somaxconn", false, null)]
    [InlineData("fs.mqueue.msg_max", false, null)]
    [InlineData("kernel.panic", false, "forbidden sysctl: \"kernel.panic\" not allowlisted")]
    [InlineData("net.core.somaxconn", true, "forbidden sysctl: \"net.core.somaxconn\" not allowed with host net enabled")]
    public void A_pod_that_asks_for_it_sets_all_of_its_own_namespaces_and_nothing_else(string name, bool hostNetwork, string? fault)
    {
        var pod = Pod("a", "1");
        pod.Metadata.Annotations = new Dictionary<string, string> { [PodAnnotations.NamespacedSysctls] = "true" };
        pod.Spec.HostNetwork = hostNetwork;
        pod.Spec.SecurityContext = new V1PodSecurityContext { Sysctls = [new V1Sysctl { Name = name, Value = "1" }] };
        Assert.Equal(fault, new SysctlCheck([]).Check(pod, new AdmissionView(null, []))?.Message);
    }

    [Fact]
    public void What_the_pod_asks_of_its_node_is_checked_again_on_the_node()
    {
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = "n", Labels = new Dictionary<string, string> { ["zone"] = "a" } }, Spec = new V1NodeSpec() };
        var pod = Pod("a", "1");
        pod.Spec.NodeSelector = new Dictionary<string, string> { ["zone"] = "a" };
        Assert.Null(new AffinityCheck().Check(pod, new AdmissionView(node, [])));
        pod.Spec.NodeSelector["zone"] = "b";
        Assert.Equal("NodeAffinity", new AffinityCheck().Check(pod, new AdmissionView(node, []))?.Reason);

        node.Spec.Taints = [new V1Taint { Key = "k", Effect = "NoExecute" }];
        Assert.Equal("TaintToleration", new TaintCheck().Check(pod, new AdmissionView(node, []))?.Reason);
        pod.Spec.Tolerations = [new V1Toleration { Key = "k", OperatorProperty = "Exists" }];
        Assert.Null(new TaintCheck().Check(pod, new AdmissionView(node, [])));
    }

    [Theory]
    [InlineData("", "", false)]
    [InlineData("10.0.0.1", "10.0.0.2", true)]
    [InlineData("10.0.0.1", "", false)]
    public void Ports_of_the_node_are_given_once(string one, string other, bool fits)
    {
        V1Pod Wants(string name, string address)
        {
            var pod = Pod(name, "1");
            pod.Spec.Containers[0].Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = 8080, HostIP = address }];
            return pod;
        }
        Assert.Equal(fits, new PortCheck().Check(Wants("a", one), new AdmissionView(null, [Wants("b", other)])) is null);
    }

    public void Dispose() => directory.Delete(recursive: true);

    private PodAdmission New()
    {
        var check = new ResourceCheck(new NodeCapacity(2, 1L << 32, 1L << 40, 110));
        return new PodAdmission([check], check, new AllocationFiles(new NodeOptions { NodeName = "n", DataDirectory = directory.FullName }), () => null);
    }

    private static (string Cpu, string? Pending, bool IsNews) Summary((V1Pod Given, ResizePending? Pending, bool IsNews) answer) =>
        (answer.Given.Spec.Containers[0].Resources.Requests["cpu"].ToString(), answer.Pending?.Reason, answer.IsNews);

    private static V1Pod Pod(string name, string cpu) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Uid = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) } } }] },
    };
}
