using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins;

public sealed class InterPodAffinityTests
{
    private static readonly (string, string) Cache = ("app", "cache");

    [Fact]
    public void Required_affinity_wants_a_matching_pod_in_the_domain()
    {
        var cluster = Zones().With("a1", Given.Pod("cache", labels: Cache));
        var pod = Given.Pod("p", with: Near("cache"));

        Assert.Equal("fits", new InterPodAffinity().Ask(pod, cluster, "a2"));
        Assert.Equal("never: node(s) didn't match pod affinity rules", new InterPodAffinity().Ask(pod, cluster, "b1"));
    }

    [Fact]
    public void The_first_of_a_set_that_wants_to_be_together_may_go_anywhere()
    {
        var first = Given.Pod("p", with: Near("cache"), labels: Cache);

        Assert.Equal("fits", new InterPodAffinity().Ask(first, Zones(), "b1"));
        Assert.NotEqual("fits", new InterPodAffinity().Ask(Given.Pod("p", with: Near("cache")), Zones(), "b1"));
    }

    [Fact]
    public void Required_anti_affinity_keeps_away_in_both_directions()
    {
        var cluster = Zones().With("a1", Given.Pod("cache", labels: Cache)).With("b1", Given.Pod("loner", with: Away("web")));

        Assert.Equal("no: node(s) didn't match pod anti-affinity rules", new InterPodAffinity().Ask(Given.Pod("p", with: Away("cache")), cluster, "a2"));
        Assert.Equal("fits", new InterPodAffinity().Ask(Given.Pod("p", with: Away("cache")), cluster, "b1"));
        Assert.Equal(
            "no: node(s) didn't satisfy existing pods anti-affinity rules",
            new InterPodAffinity().Ask(Given.Pod("p", labels: ("app", "web")), cluster, "b1"));
    }

    [Fact]
    public void Terms_mean_the_pods_own_namespace_unless_they_say_otherwise()
    {
        var cluster = Zones().With("a1", Given.Pod("cache", labels: Cache, with: pod => pod.Metadata.NamespaceProperty = "far"));
        cluster.SetNamespace("far", new Dictionary<string, string> { ["team"] = "x" });
        var own = Given.Pod("p", with: Near("cache"));
        var named = Given.Pod("p", with: Near("cache", term => term.Namespaces = ["far"]));
        var selected = Given.Pod("p", with: Near("cache", term => term.NamespaceSelector =
            new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["team"] = "x" } }));

        Assert.NotEqual("fits", new InterPodAffinity().Ask(own, cluster, "a1"));
        Assert.Equal("fits", new InterPodAffinity().Ask(named, cluster, "a1"));
        Assert.Equal("fits", new InterPodAffinity().Ask(selected, cluster, "a1"));
    }

    [Fact]
    public void Preferences_move_the_score()
    {
        var cluster = Zones().With("a1", Given.Pod("cache", labels: Cache));

        Assert.Equal([100, 100, 0], new InterPodAffinity().Scores(Given.Pod("p", with: Prefers(anti: false)), cluster));
        Assert.Equal([0, 0, 100], new InterPodAffinity().Scores(Given.Pod("p", with: Prefers(anti: true)), cluster));
        Assert.Empty(new InterPodAffinity().Scores(Given.Pod("p"), cluster));
    }

    private static ClusterSnapshot Zones() => Given.Cluster(
        Given.Node("a1", labels: [("zone", "a")]),
        Given.Node("a2", labels: [("zone", "a")]),
        Given.Node("b1", labels: [("zone", "b")]));

    private static V1PodAffinityTerm Term(string app) => new()
    {
        TopologyKey = "zone",
        LabelSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = app } },
    };

    private static Action<V1Pod> Near(string app, Action<V1PodAffinityTerm>? with = null) => pod =>
    {
        var term = Term(app);
        with?.Invoke(term);
        pod.Spec.Affinity = new V1Affinity { PodAffinity = new V1PodAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [term] } };
    };

    private static Action<V1Pod> Away(string app) => pod => pod.Spec.Affinity = new V1Affinity
    {
        PodAntiAffinity = new V1PodAntiAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [Term(app)] },
    };

    private static Action<V1Pod> Prefers(bool anti) => pod =>
    {
        V1WeightedPodAffinityTerm[] wish = [new() { Weight = 10, PodAffinityTerm = Term("cache") }];
        pod.Spec.Affinity = anti
            ? new V1Affinity { PodAntiAffinity = new V1PodAntiAffinity { PreferredDuringSchedulingIgnoredDuringExecution = wish } }
            : new V1Affinity { PodAffinity = new V1PodAffinity { PreferredDuringSchedulingIgnoredDuringExecution = wish } };
    };
}
