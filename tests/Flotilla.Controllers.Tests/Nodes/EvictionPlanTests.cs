using Flotilla.Controllers.Nodes;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Nodes;

public sealed class EvictionPlanTests
{
    private static readonly DateTime Since = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly V1Taint NotReady = new() { Key = Taints.NotReady, Effect = Taints.NoExecute, TimeAdded = Since };

    [Fact]
    public void A_pod_that_tolerates_nothing_leaves_at_once() => Assert.Equal(Since, LeaveAt([NotReady]));

    [Fact]
    public void A_pod_that_tolerates_for_a_time_leaves_after_it() =>
        Assert.Equal(Since.AddSeconds(300), LeaveAt([NotReady], Tolerates(Taints.NotReady, 300)));

    [Fact]
    public void A_pod_that_tolerates_without_a_limit_stays() => Assert.Null(LeaveAt([NotReady], Tolerates(Taints.NotReady)));

    [Fact]
    public void The_shortest_toleration_counts() =>
        Assert.Equal(Since.AddSeconds(5), LeaveAt([NotReady], Tolerates(Taints.NotReady, 300), Tolerates(null, 5)));

    [Fact]
    public void Every_taint_must_be_tolerated()
    {
        var other = new V1Taint { Key = "example.com/gone", Effect = Taints.NoExecute, TimeAdded = Since.AddSeconds(60) };
        Assert.Equal(Since.AddSeconds(60), LeaveAt([NotReady, other], Tolerates(Taints.NotReady, 300)));
        Assert.Equal(Since.AddSeconds(60), LeaveAt([other, NotReady], Tolerates(Taints.NotReady)));
    }

    [Fact]
    public void Taints_that_only_keep_others_away_move_nobody() =>
        Assert.Null(LeaveAt([new V1Taint { Key = Taints.NotReady, Effect = Taints.NoSchedule }]));

    private static DateTime? LeaveAt(V1Taint[] taints, params V1Toleration[] tolerations) =>
        EvictionPlan.LeaveAt(new V1Pod { Spec = new V1PodSpec { Tolerations = tolerations } }, taints, Since);

    private static V1Toleration Tolerates(string? key, long? seconds = null) =>
        new() { Key = key, OperatorProperty = "Exists", Effect = Taints.NoExecute, TolerationSeconds = seconds };
}
