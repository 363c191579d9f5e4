using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.Pods;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Nodes;

public sealed class NodeControllersTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(
        context => new NodeLifecycleController(context),
        context => new TaintEvictionController(context),
        context => new PodCollector(context));

    private readonly HashSet<string> alive = ["one", "two"];

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        foreach (var name in alive)
        {
            await cluster.CreateAsync(new V1Node
            {
                ApiVersion = "v1",
                Kind = "Node",
                Metadata = new V1ObjectMeta { Name = name },
                Status = new V1NodeStatus { Conditions = [Condition("Ready", "True"), Condition("MemoryPressure", "False")] },
            });
            await cluster.CreateAsync(new V1Lease
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "kube-node-lease" },
                Spec = new V1LeaseSpec { RenewTime = cluster.Time.GetUtcNow().UtcDateTime },
            });
        }

        await PodAsync("on-one", "one");
        await PodAsync("on-two", "two");
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_silent_node_becomes_unknown_and_its_pods_leave_after_their_toleration()
    {
        alive.Remove("two");
        await UntilAsync(async () => Text(await NodeAsync("two")) == "Ready=Unknown/NodeStatusUnknown MemoryPressure=Unknown/NodeStatusUnknown DiskPressure=Unknown/NodeStatusNeverUpdated PIDPressure=Unknown/NodeStatusNeverUpdated unreachable:NoExecute unreachable:NoSchedule", "tainted");
        await UntilAsync(async () => !(await cluster.GetAsync<V1Pod>("default", "on-two")).IsReady(), "the pod is no longer ready");
        Assert.Null((await cluster.GetAsync<V1Pod>("default", "on-two")).Metadata.DeletionTimestamp);
        await UntilAsync(async () => (await cluster.GetAsync<V1Pod>("default", "on-two")).Metadata.DeletionTimestamp is not null, "evicted");

        Assert.Equal("DeletionByTaintManager", (await cluster.GetAsync<V1Pod>("default", "on-two")).Condition("DisruptionTarget")?.Reason);
        await UntilAsync(async () => Text(await NodeAsync("one")) == "Ready=True/ MemoryPressure=False/ ", "the other node is well");
    }

    [Fact]
    public async Task A_node_that_comes_back_loses_its_taints()
    {
        alive.Remove("two");
        await UntilAsync(async () => (await NodeAsync("two")).Spec?.Taints?.Count == 2, "tainted");
        alive.Add("two");
        await UntilAsync(async () => (await NodeAsync("two")).Spec?.Taints is not { Count: > 0 }, "free of taints");
    }

    [Fact]
    public async Task When_every_node_is_silent_nobody_is_evicted()
    {
        alive.Clear();
        await UntilAsync(
            async () => (await cluster.ListAsync<V1Node>()).All(node => Text(node).EndsWith(" unreachable:NoSchedule", StringComparison.Ordinal)),
            "all are tainted against scheduling alone");
        for (var second = 0; second < 400; second++)
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Null((await cluster.GetAsync<V1Pod>("default", "on-two")).Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task Cordoning_and_pressure_show_as_taints()
    {
        await cluster.ChangeAsync<V1Node>(null!, "one", node => node.Spec = new V1NodeSpec { Unschedulable = true });
        await cluster.ChangeAsync<V1Node>(null!, "one", node => node.Status.Conditions[1].Status = "True");
        await UntilAsync(async () => Text(await NodeAsync("one")).EndsWith(" memory-pressure:NoSchedule unschedulable:NoSchedule", StringComparison.Ordinal), "both taints");
    }

    [Fact]
    public async Task Pods_of_a_node_that_is_gone_are_removed()
    {
        alive.Remove("two");
        await cluster.Client.DeleteAsync<V1Node>(new(null, "two"), null, CancellationToken.None);
        await UntilAsync(async () => (await cluster.ListAsync<V1Pod>("default")).Count == 1, "its pod is gone");
        Assert.Equal("on-one", (await cluster.ListAsync<V1Pod>("default"))[0].Metadata.Name);
    }

    [Fact]
    public void Only_the_oldest_finished_pods_are_surplus()
    {
        var pods = Enumerable.Range(0, 5).Select(number => new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = $"{number}", CreationTimestamp = DateTime.UnixEpoch.AddSeconds(number) },
            Status = new V1PodStatus { Phase = number == 0 ? "Running" : "Succeeded" },
        });
        Assert.Equal(["1", "2"], PodCollectionPlan.SurplusFinished(pods, 2).Select(pod => pod.Metadata.Name));
    }

    private Task UntilAsync(Func<Task<bool>> condition, string what) => cluster.UntilAsync(
        async () =>
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(2));
            foreach (var name in alive)
            {
                await cluster.ChangeAsync<V1Lease>("kube-node-lease", name, lease => lease.Spec.RenewTime = cluster.Time.GetUtcNow().UtcDateTime);
                if (NodePlan.ReadyStatus(await NodeAsync(name)) != "True")
                {
                    // As a node does that was taken for dead because this test's clock runs so fast.
                    await cluster.ChangeAsync<V1Node>(
                        null!, name, node => node.Status.Conditions = [Condition("Ready", "True"), Condition("MemoryPressure", "False")]);
                }
            }

            await Task.Delay(3);

            return await condition();
        },
        what);

    private Task<V1Node> NodeAsync(string name) => cluster.GetAsync<V1Node>(null!, name);

    private Task<V1Pod> PodAsync(string name, string node) => cluster.CreateAsync(new V1Pod
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1PodSpec
        {
            NodeName = node,
            Tolerations = [new V1Toleration { Key = Taints.Unreachable, OperatorProperty = "Exists", Effect = Taints.NoExecute, TolerationSeconds = 300 }],
        },
        Status = new V1PodStatus { Phase = "Running", Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }] },
    });

    private static string Text(V1Node node)
    {
        var taints = (node.Spec?.Taints ?? []).Select(taint => $"{taint.Key[(taint.Key.IndexOf('/') + 1)..]}:{taint.Effect}").Order(StringComparer.Ordinal);
        return $"{string.Join(' ', node.Status.Conditions.Select(condition => $"{condition.Type}={condition.Status}/{condition.Reason}"))} {string.Join(' ', taints)}";
    }

    private static V1NodeCondition Condition(string type, string status) => new() { Type = type, Status = status };
}
