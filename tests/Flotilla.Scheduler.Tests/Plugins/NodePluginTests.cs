using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins;

public sealed class NodePluginTests
{
    [Fact]
    public void A_cordoned_node_takes_only_pods_that_tolerate_the_cordon()
    {
        var node = Given.Node("a");
        node.Spec.Unschedulable = true;
        var cluster = Given.Cluster(node);
        var tolerant = Given.Pod("p", with: pod => pod.Spec.Tolerations =
            [new V1Toleration { Key = "node.kubernetes.io/unschedulable", OperatorProperty = "Exists" }]);

        Assert.Equal("never: node(s) were unschedulable", new NodeUnschedulable().Ask(Given.Pod("p"), cluster, "a"));
        Assert.Equal("fits", new NodeUnschedulable().Ask(tolerant, cluster, "a"));
    }

    [Fact]
    public void A_pod_that_names_its_node_fits_no_other()
    {
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b"));
        var pod = Given.Pod("p", with: pod => pod.Spec.NodeName = "a");

        Assert.Equal("fits", new NodeName().Ask(pod, cluster, "a"));
        Assert.Equal("never: node(s) didn't match the requested node name", new NodeName().Ask(pod, cluster, "b"));
    }

    [Fact]
    public void A_taint_repels_and_a_soft_taint_only_lowers_the_score()
    {
        var hard = Given.Node("hard");
        hard.Spec.Taints = [new V1Taint { Key = "k", Value = "v", Effect = "NoExecute" }];
        var soft = Given.Node("soft");
        soft.Spec.Taints = [new V1Taint { Key = "k", Value = "v", Effect = "PreferNoSchedule" }];
        var cluster = Given.Cluster(hard, soft, Given.Node("clean"));

        Assert.Equal("never: node(s) had untolerated taint(s)", new TaintToleration().Ask(Given.Pod("p"), cluster, "hard"));
        Assert.Equal("fits", new TaintToleration().Ask(Given.Pod("p"), cluster, "soft"));
        Assert.Equal([100, 0, 100], new TaintToleration().Scores(Given.Pod("p"), cluster));
    }

    [Fact]
    public void A_node_selector_wants_all_its_labels()
    {
        var cluster = Given.Cluster(Given.Node("a", labels: [("disk", "ssd"), ("zone", "x")]), Given.Node("b", labels: [("disk", "ssd")]));
        var pod = Given.Pod("p", with: pod => pod.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd", ["zone"] = "x" });

        Assert.Equal("fits", new NodeAffinity().Ask(pod, cluster, "a"));
        Assert.Equal("never: node(s) didn't match Pod's node affinity/selector", new NodeAffinity().Ask(pod, cluster, "b"));
    }

    [Theory]
    [InlineData("In", "3,5", true)]
    [InlineData("In", "4", false)]
    [InlineData("NotIn", "5", false)]
    [InlineData("Exists", "", true)]
    [InlineData("DoesNotExist", "", false)]
    [InlineData("Gt", "4", true)]
    [InlineData("Gt", "5", false)]
    [InlineData("Lt", "6", true)]
    [InlineData("Lt", "x", false)]
    public void Node_affinity_knows_all_operators(string op, string values, bool matches)
    {
        var cluster = Given.Cluster(Given.Node("a", labels: [("generation", "5")]));
        var pod = Given.Pod("p", with: Requires(new V1NodeSelectorTerm
        {
            MatchExpressions =
            [
                new V1NodeSelectorRequirement
                {
                    Key = "generation", OperatorProperty = op, Values = values.Split(',', StringSplitOptions.RemoveEmptyEntries),
                },
            ],
        }));

        Assert.Equal(matches, new NodeAffinity().Ask(pod, cluster, "a") == "fits");
    }

    [Fact]
    public void One_matching_term_is_enough_and_an_empty_term_matches_nothing()
    {
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b"));
        var byName = new V1NodeSelectorTerm
        {
            MatchFields = [new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = ["b"] }],
        };
        var pod = Given.Pod("p", with: Requires(new V1NodeSelectorTerm(), byName));

        Assert.NotEqual("fits", new NodeAffinity().Ask(pod, cluster, "a"));
        Assert.Equal("fits", new NodeAffinity().Ask(pod, cluster, "b"));
    }

    [Fact]
    public void Preferred_node_affinity_adds_weights()
    {
        var cluster = Given.Cluster(Given.Node("a", labels: [("disk", "ssd"), ("fast", "yes")]), Given.Node("b", labels: [("disk", "ssd")]), Given.Node("c"));
        var pod = Given.Pod("p", with: pod => pod.Spec.Affinity = new V1Affinity
        {
            NodeAffinity = new V1NodeAffinity
            {
                PreferredDuringSchedulingIgnoredDuringExecution = [Wish("disk", 30), Wish("fast", 10)],
            },
        });

        Assert.Equal([100, 75, 0], new NodeAffinity().Scores(pod, cluster));

        static V1PreferredSchedulingTerm Wish(string key, int weight) => new()
        {
            Weight = weight,
            Preference = new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = key, OperatorProperty = "Exists" }] },
        };
    }

    [Theory]
    [InlineData("", "TCP", 80, "", "TCP", 80, true)]
    [InlineData("", "TCP", 80, "", "UDP", 80, false)]
    [InlineData("127.0.0.1", "TCP", 80, "10.0.0.1", "TCP", 80, false)]
    [InlineData("127.0.0.1", "TCP", 80, "0.0.0.0", "TCP", 80, true)]
    [InlineData("", "TCP", 80, "", "TCP", 81, false)]
    public void Host_ports_conflict_by_address_protocol_and_number(
        string address, string protocol, int port, string otherAddress, string otherProtocol, int otherPort, bool conflict)
    {
        var cluster = Given.Cluster(Given.Node("a")).With("a", Given.Pod("there", with: Port(otherAddress, otherProtocol, otherPort)));

        Assert.Equal(
            conflict ? "no: node(s) didn't have free ports for the requested pod ports" : "fits",
            new NodePorts().Ask(Given.Pod("p", with: Port(address, protocol, port)), cluster, "a"));
    }

    [Fact]
    public void Images_present_on_many_nodes_attract_pods()
    {
        var has = Given.Node("a");
        has.Status.Images = [new V1ContainerImage { Names = ["web:latest"], SizeBytes = 900L * 1024 * 1024 }];
        var cluster = Given.Cluster(has, Given.Node("b"));

        var scores = new ImageLocality().Scores(Given.Pod("p"), cluster);

        Assert.True(scores[0] > 40 && scores[1] == 0);
    }

    private static V1NodeSelectorTerm OnNode(string name) => new()
    {
        MatchExpressions = [new V1NodeSelectorRequirement { Key = "kubernetes.io/hostname", OperatorProperty = "In", Values = [name] }],
    };

    private static Action<V1Pod> Requires(params V1NodeSelectorTerm[] terms) => pod => pod.Spec.Affinity = new V1Affinity
    {
        NodeAffinity = new V1NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector { NodeSelectorTerms = terms } },
    };

    private static Action<V1Pod> Port(string address, string protocol, int port) => pod => pod.Spec.Containers[0].Ports =
        [new V1ContainerPort { ContainerPort = 1, HostPort = port, HostIP = address, Protocol = protocol }];
}
