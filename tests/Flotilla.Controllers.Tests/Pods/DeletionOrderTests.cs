using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Pods;

public sealed class DeletionOrderTests
{
    private static readonly DateTime Now = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void An_unplaced_pod_goes_before_a_placed_one() => AssertFirst(Pod("a", node: null), Pod("b"));

    [Fact]
    public void A_pending_pod_goes_before_a_running_one() => AssertFirst(Pod("a", phase: "Pending"), Pod("b"));

    [Fact]
    public void A_pod_that_is_not_ready_goes_before_a_ready_one() => AssertFirst(Pod("a", readySeconds: null), Pod("b"));

    [Fact]
    public void The_cheaper_pod_goes_first() => AssertFirst(Pod("a", cost: "-5"), Pod("b"));

    [Fact]
    public void A_pod_on_a_crowded_node_goes_first()
    {
        var pods = new[] { Pod("lonely", node: "x"), Pod("crowded", node: "y", readySeconds: 100_000) };
        var chosen = DeletionOrder.FirstToDelete(pods, 1, [.. pods, Pod("sibling", node: "y")], Now);
        Assert.Equal("crowded", Assert.Single(chosen).Metadata.Name);
    }

    [Fact]
    public void The_pod_ready_for_the_shorter_time_goes_first() => AssertFirst(Pod("b", readySeconds: 10), Pod("a", readySeconds: 1000));

    [Fact]
    public void Pods_ready_for_about_the_same_time_are_not_told_apart_by_it() =>
        AssertFirst(Pod("a", readySeconds: 1023, restarts: 1), Pod("b", readySeconds: 513));

    [Fact]
    public void The_pod_restarted_more_often_goes_first() => AssertFirst(Pod("b", restarts: 3), Pod("a", restarts: 1));

    [Fact]
    public void The_younger_pod_goes_first() => AssertFirst(Pod("b", age: 10), Pod("a", age: 10_000));

    private static void AssertFirst(V1Pod expected, V1Pod other)
    {
        foreach (var pods in (V1Pod[][])[[expected, other], [other, expected]])
        {
            Assert.Same(expected, Assert.Single(DeletionOrder.FirstToDelete(pods, 1, pods, Now)));
        }
    }

    private static V1Pod Pod(
        string name, string? node = "n", string phase = "Running", double? readySeconds = 100, int restarts = 0, double age = 200, string? cost = null) => new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Uid = name,
                CreationTimestamp = Now.AddSeconds(-age),
                Annotations = cost is null ? null : new Dictionary<string, string> { ["controller.kubernetes.io/pod-deletion-cost"] = cost },
            },
            Spec = new V1PodSpec { NodeName = node },
            Status = new V1PodStatus
            {
                Phase = phase,
                Conditions = readySeconds is { } seconds
                    ? [new V1PodCondition { Type = "Ready", Status = "True", LastTransitionTime = Now.AddSeconds(-seconds) }]
                    : null,
                ContainerStatuses = [new V1ContainerStatus { Name = "c", RestartCount = restarts }],
            },
        };
}
