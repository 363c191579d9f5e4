using Flotilla.Client;
using Flotilla.Controllers.DaemonSets;
using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.Tests.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.DaemonSets;

public sealed class DaemonSetControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new DaemonSetController(context));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        foreach (var name in (string[])["a", "b", "c"])
        {
            await NodeAsync(name);
        }
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Every_node_gets_one_pod_and_new_nodes_too()
    {
        await cluster.CreateAsync(New());
        await ReadyAsync("image:1", "a", "b", "c");
        await NodeAsync("d");
        await ReadyAsync("image:1", "a", "b", "c", "d");

        var status = (await cluster.GetAsync<V1DaemonSet>("default", "web")).Status;
        Assert.Equal((4, 4, 0, 4, 4, null, 4), (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberMisscheduled, status.NumberReady, status.NumberAvailable, status.NumberUnavailable, status.UpdatedNumberScheduled));
    }

    [Fact]
    public async Task Nodes_that_do_not_fit_get_none_and_lose_what_they_had()
    {
        var set = New();
        set.Spec.Template.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd" };
        await cluster.CreateAsync(set);
        await cluster.ChangeAsync<V1Node>(null!, "b", node => node.Metadata.Labels = new Dictionary<string, string> { ["disk"] = "ssd" });
        await ReadyAsync("image:1", "b");
        await cluster.ChangeAsync<V1Node>(null!, "b", node => node.Metadata.Labels = null);
        await ReadyAsync("image:1");
    }

    [Fact]
    public async Task Taints_keep_it_away_unless_tolerated_but_cordoning_does_not()
    {
        await cluster.ChangeAsync<V1Node>(null!, "a", node => node.Spec = new V1NodeSpec { Taints = [new V1Taint { Key = "x", Effect = Taints.NoSchedule }] });
        await cluster.ChangeAsync<V1Node>(null!, "b", node => node.Spec = new V1NodeSpec { Taints = [new V1Taint { Key = Taints.Unschedulable, Effect = Taints.NoSchedule }] });

        // A taint that comes later would not drive out a pod that is there already.
        var known = cluster.Informers.Of<V1Node>();
        await cluster.UntilAsync(() => Task.FromResult(known.List().Count(node => node.Spec.Taints is { Count: 1 }) == 2), "the taints are known");
        await cluster.CreateAsync(New());
        await ReadyAsync("image:1", "b", "c");
    }

    [Fact]
    public async Task A_new_template_replaces_one_pod_at_a_time_and_undoing_it_renumbers_the_old_revision()
    {
        await cluster.CreateAsync(New());
        await ReadyAsync("image:1", "a", "b", "c");
        await SetImageAsync("image:2");
        await ReadyAsync("image:2", ["a", "b", "c"], async () =>
            Assert.InRange((await cluster.ListAsync<V1Pod>("default")).Count(pod => pod.Status?.Phase == "Running" && pod.Metadata.DeletionTimestamp is null), 2, 3));
        await SetImageAsync("image:1");
        await ReadyAsync("image:1", "a", "b", "c");
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1ControllerRevision>("default")).Select(revision => revision.Revision ?? 0).Order().SequenceEqual([2, 3]),
            "two revisions");
    }

    [Fact]
    public async Task A_failed_pod_is_replaced_and_said_so()
    {
        await cluster.CreateAsync(New());
        await ReadyAsync("image:1", "a", "b", "c");
        var victim = (await cluster.ListAsync<V1Pod>("default"))[0].Metadata.Name;
        await cluster.ChangeAsync<V1Pod>("default", victim, pod => pod.Status.Phase = "Failed");
        await cluster.UntilAsync(async () => (await cluster.ListAsync<Corev1Event>("default")).Any(value => value.Reason == "FailedDaemonPod"), "the event");
        await ReadyAsync("image:1", "a", "b", "c");
    }

    [Fact]
    public async Task Surging_a_new_pod_comes_before_the_old_one_goes()
    {
        var set = New();
        set.Spec.UpdateStrategy = new V1DaemonSetUpdateStrategy
        {
            Type = "RollingUpdate",
            RollingUpdate = new V1RollingUpdateDaemonSet { MaxSurge = (IntOrString)"1", MaxUnavailable = (IntOrString)"0" },
        };
        await cluster.CreateAsync(set);
        await ReadyAsync("image:1", "a", "b", "c");
        await SetImageAsync("image:2");
        var most = 0;
        await ReadyAsync("image:2", ["a", "b", "c"], async () =>
        {
            var pods = (await cluster.ListAsync<V1Pod>("default")).Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
            most = Math.Max(most, pods.Count);
            Assert.InRange(pods.Count(pod => pod.Status?.Phase == "Running"), 3, 6);
        });
        Assert.InRange(most, 4, 6);
    }

    [Fact]
    public async Task A_pod_that_succeeded_is_replaced_too()
    {
        await cluster.CreateAsync(New());
        await ReadyAsync("image:1", "a", "b", "c");
        var done = (await cluster.ListAsync<V1Pod>("default"))[0];
        await cluster.ChangeAsync<V1Pod>("default", done.Metadata.Name, pod => pod.Status.Phase = "Succeeded");
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<Corev1Event>("default")).Any(value =>
                value.Message == $"Found succeeded daemon pod default/{done.Metadata.Name} on node {done.Spec.NodeName}, will try to delete it"),
            "the event");
        await ReadyAsync("image:1", "a", "b", "c");
    }

    [Fact]
    public void Failures_in_a_row_are_sat_out_ever_longer()
    {
        var backoff = new FailureBackoff(cluster.Time);
        Assert.False(backoff.IsHeld("a"));
        backoff.Failed("a");
        Assert.True(backoff.IsHeld("a"));
        cluster.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(backoff.IsHeld("a"));
        backoff.Failed("a");
        cluster.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(backoff.IsHeld("a"));
        Assert.False(backoff.IsHeld("b"));
    }

    private Task ReadyAsync(string image, params string[] nodes) => ReadyAsync(image, nodes, null);

    private Task ReadyAsync(string image, string[] nodes, Func<Task>? meanwhile) => cluster.UntilAsync(
        async () =>
        {
            foreach (var pod in (await cluster.ListAsync<V1Pod>("default")).Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName)))
            {
                await cluster.ChangeAsync<V1Pod>("default", pod.Metadata.Name, value => value.Spec.NodeName = DaemonPods.NodeOf(pod));
            }

            await cluster.RunPodsAsync();
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
            var pods = await cluster.ListAsync<V1Pod>("default");
            var status = (await cluster.GetAsync<V1DaemonSet>("default", "web")).Status;
            return pods.Select(pod => pod.Spec.NodeName).Order().SequenceEqual(nodes)
                && pods.All(pod => pod.Spec.Containers[0].Image == image)
                && (status?.NumberAvailable ?? 0) == nodes.Length
                && (status?.UpdatedNumberScheduled ?? 0) == nodes.Length;
        },
        $"{image} on {string.Join(' ', nodes)}");

    private Task SetImageAsync(string image) =>
        cluster.ChangeAsync<V1DaemonSet>("default", "web", set => set.Spec.Template.Spec.Containers[0].Image = image);

    private Task<V1Node> NodeAsync(string name) => cluster.CreateAsync(new V1Node { Metadata = new V1ObjectMeta { Name = name }, Spec = new V1NodeSpec() });

    private static V1DaemonSet New() => new()
    {
        ApiVersion = "apps/v1",
        Kind = "DaemonSet",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1DaemonSetSpec { Selector = new V1LabelSelector { MatchLabels = Sets.Labels }, Template = Sets.Template("image:1") },
    };
}
