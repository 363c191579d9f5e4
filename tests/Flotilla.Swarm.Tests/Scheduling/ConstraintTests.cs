using Flotilla.Swarm.Scheduling;
using Flotilla.Docker;

namespace Flotilla.Swarm.Tests.Scheduling;

public sealed class ConstraintTests
{
    [Theory]
    [InlineData("node.labels.zone==East", "node.labels.zone", true, "East")]
    [InlineData(" node.role != manager ", "node.role", false, "manager")]
    public void Reads_key_operator_and_value(string text, string key, bool isEqual, string value) => Assert.Equal(new Constraint(key, isEqual, value), Constraint.Parse(text));

    [Theory]
    [InlineData("node.role", "constraint expected one operator from ==, !=")]
    [InlineData("node role==manager", "key 'node role' is invalid")]
    [InlineData("node.role==", "value '' is invalid")]
    public void Refuses_what_is_none(string text, string why) =>
        Assert.Equal("rpc error: code = Unknown desc = " + why, Assert.Throws<DockerException>(() => Constraint.Parse(text)).Message);

    [Fact]
    public void Any_label_has_a_key_and_value_that_Kubernetes_takes()
    {
        Assert.Equal("node.swarm.flotilla.dev/zone", NodeLabels.KeyOf("zone"));
        Assert.Equal("east", NodeLabels.ValueOf("EAST"));
        Assert.Matches("^node.swarm.flotilla.dev/x-[0-9a-f]{40}$", NodeLabels.KeyOf("a/b c"));
        Assert.Equal(NodeLabels.ValueOf("Two Words"), NodeLabels.ValueOf("two words"));
        Assert.Equal("", NodeLabels.ValueOf(""));
    }
}
