using Flotilla.Controllers.Nodes;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Nodes;

public sealed class TaintTimesTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_taint_without_a_time_counts_from_when_it_is_first_seen()
    {
        var times = new TaintTimes();
        Assert.Equal(Start, times.Of(Node("a"), Start)[0].TimeAdded);
        Assert.Equal([Start, Start.AddSeconds(5)], times.Of(Node("a", "b"), Start.AddSeconds(5)).Select(taint => taint.TimeAdded!.Value));
        // Gone and come again.
        times.Of(Node("b"), Start.AddSeconds(6));
        Assert.Equal(Start.AddSeconds(9), times.Of(Node("a"), Start.AddSeconds(9))[0].TimeAdded);
    }

    [Fact]
    public void A_taints_own_time_holds()
    {
        var node = Node("a");
        node.Spec.Taints[0].TimeAdded = Start.AddDays(-1);
        Assert.Equal(Start.AddDays(-1), new TaintTimes().Of(node, Start)[0].TimeAdded);
        Assert.Empty(new TaintTimes().Of(null, Start));
    }

    private static V1Node Node(params string[] taints) => new()
    {
        Metadata = new V1ObjectMeta { Name = "n" },
        Spec = new V1NodeSpec { Taints = [.. taints.Select(key => new V1Taint { Key = key, Effect = "NoExecute" })] },
    };
}
