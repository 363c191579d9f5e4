using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins;

public sealed class PodTopologySpreadTests
{
    private static readonly (string, string) Web = ("app", "web");

    [Fact]
    public void A_domain_that_is_ahead_by_max_skew_takes_no_more()
    {
        var cluster = Zones().With("a1", Given.Pod("one", labels: Web));

        Assert.Equal("no: node(s) didn't match pod topology spread constraints", new PodTopologySpread().Ask(Spread("DoNotSchedule"), cluster, "a2"));
        Assert.Equal("fits", new PodTopologySpread().Ask(Spread("DoNotSchedule"), cluster, "b1"));
    }

    [Fact]
    public void Terminating_and_unlike_pods_do_not_count()
    {
        var cluster = Zones().With(
            "a1",
            Given.Pod("leaving", with: pod => pod.Metadata.DeletionTimestamp = DateTime.UtcNow, labels: Web),
            Given.Pod("other", labels: ("app", "db")));

        Assert.Equal("fits", new PodTopologySpread().Ask(Spread("DoNotSchedule"), cluster, "a1"));
    }

    [Fact]
    public void A_node_without_the_topology_label_never_fits()
    {
        var cluster = Zones();
        cluster.SetNode(Given.Node("bare"));

        Assert.Equal(
            "never: node(s) didn't match pod topology spread constraints (missing required label)",
            new PodTopologySpread().Ask(Spread("DoNotSchedule"), cluster, "bare"));
    }

    [Fact]
    public void Too_few_domains_count_as_one_empty_domain()
    {
        var cluster = Zones().With("a1", Given.Pod("one", labels: Web)).With("b1", Given.Pod("two", labels: Web));
        var pod = Spread("DoNotSchedule");
        Assert.Equal("fits", new PodTopologySpread().Ask(pod, cluster, "a1"));

        pod.Spec.TopologySpreadConstraints[0].MinDomains = 3;
        Assert.NotEqual("fits", new PodTopologySpread().Ask(pod, cluster, "a1"));
    }

    [Fact]
    public void Nodes_the_pod_cannot_use_anyway_form_no_domain()
    {
        var cluster = Zones().With("a1", Given.Pod("one", labels: Web));
        var pod = Spread("DoNotSchedule");
        pod.Spec.NodeSelector = new Dictionary<string, string> { ["zone"] = "a" };

        Assert.Equal("fits", new PodTopologySpread().Ask(pod, cluster, "a2"));
    }

    [Fact]
    public void Soft_constraints_prefer_the_emptier_domain()
    {
        var cluster = Zones().With("a1", Given.Pod("one", labels: Web), Given.Pod("two", labels: Web));

        var scores = new PodTopologySpread().Scores(Spread("ScheduleAnyway"), cluster);

        Assert.Equal(scores[0], scores[1]);
        Assert.True(scores[2] > scores[0]);
    }

    [Fact]
    public void Pods_of_a_service_spread_over_nodes_by_default()
    {
        var cluster = Zones().With("a1", [.. Enumerable.Range(0, 4).Select(i => Given.Pod($"p{i}", labels: Web))]);
        Assert.Empty(new PodTopologySpread().Scores(Given.Pod("p", labels: Web), cluster));

        cluster.Workloads.SetService(new("default", "web"), new Dictionary<string, string> { ["app"] = "web" });
        var scores = new PodTopologySpread().Scores(Given.Pod("p", labels: Web), cluster);

        Assert.True(scores[1] > scores[0]);
        Assert.Equal(100, scores[2]);
    }

    [Fact]
    public void Pods_that_come_and_go_between_decisions_count_each_with_labels_of_its_own()
    {
        var cluster = Zones();
        Assert.Equal("fits", Ask());
        cluster.With("a1", Given.Pod("one", labels: [Web, ("own", "1")]), Given.Pod("unlike", labels: ("own", "2")));
        Assert.NotEqual("fits", Ask());
        cluster.With("b1", Given.Pod("two", labels: [Web, ("own", "3")]));
        Assert.Equal("fits", Ask());
        cluster.Remove(new("default", "two"));
        Assert.NotEqual("fits", Ask());
        cluster.SetNode(Given.Node("a1", labels: [("zone", "b")]));
        Assert.Equal("fits", Ask());

        string Ask() => new PodTopologySpread().Ask(Spread("DoNotSchedule"), cluster, "a2");
    }

    [Fact]
    public void Selectors_that_were_forgotten_are_counted_anew()
    {
        var cluster = Zones();
        var selector = LabelMatcher.Equal(new Dictionary<string, string> { ["app"] = "web" });
        Assert.Empty(cluster.Selected("default", selector).CountByNode);
        for (var other = 0; other < 100; other++)
        {
            cluster.Selected("default", LabelMatcher.Equal(new Dictionary<string, string> { ["app"] = $"other-{other}" }));
        }

        cluster.With("a1", Given.Pod("one", labels: Web));
        Assert.Equal(1, cluster.Selected("default", selector).CountByNode.Values.Sum());
        Assert.Empty(cluster.Selected("elsewhere", selector).CountByNode);
    }

    private static ClusterSnapshot Zones() => Given.Cluster(
        Given.Node("a1", labels: [("zone", "a")]),
        Given.Node("a2", labels: [("zone", "a")]),
        Given.Node("b1", labels: [("zone", "b")]));

    private static V1Pod Spread(string otherwise) => Given.Pod("p", labels: Web, with: pod => pod.Spec.TopologySpreadConstraints =
    [
        new V1TopologySpreadConstraint
        {
            TopologyKey = "zone",
            MaxSkew = 1,
            WhenUnsatisfiable = otherwise,
            LabelSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
        },
    ]);
}
