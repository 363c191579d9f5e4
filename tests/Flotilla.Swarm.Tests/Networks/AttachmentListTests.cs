using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Networks.Attachments;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Networks;

public sealed class AttachmentListTests
{
    private static readonly string Container = new('a', 64);

    [Fact]
    public void What_a_node_says_is_read_as_it_was_written()
    {
        var said = new SwarmAttachment(Container, "b1", [new("net1", ["web", "my_db.x"])]);
        var read = Assert.Single(AttachmentList.Of(NodeWith(AttachmentList.Text([said])))!);
        Assert.Equal((said.Container, said.Place), (read.Container, read.Place));
        Assert.Equal(["web", "my_db.x"], Assert.Single(read.Networks).Names);
        Assert.Null(AttachmentList.Of(new V1Node { Metadata = new V1ObjectMeta() }));
    }

    [Theory]
    [InlineData("no list")]
    [InlineData("{}")]
    [InlineData("[null]")]
    [InlineData("""[{"Container":"../../etc","Place":"","Networks":[]}]""")]
    [InlineData("""[{"Container":"abc","Place":"","Networks":[]}]""")]
    [InlineData("""[{"Place":"","Networks":[]}]""")]
    public void What_is_no_container_is_none(string text) => Assert.Empty(AttachmentList.Of(NodeWith(text))!);

    [Fact]
    public void Names_stay_within_their_network()
    {
        var said = new SwarmAttachment(Container, "", [new("net1", ["ok", "db.net2.swarm other", "a\nb", "", "-x", "x.", new string('n', 200)])]);
        Assert.Equal(["ok"], AttachmentList.Of(NodeWith(AttachmentList.Text([said])))![0].Networks[0].Names);
    }

    [Fact]
    public void Two_of_one_name_are_one()
    {
        var other = Container[..12] + new string('b', 52);
        Assert.Single(AttachmentList.Of(NodeWith(AttachmentList.Text([new(Container, "", [new("n", [])]), new(other, "", [new("n", [])])])))!);
    }

    private static V1Node NodeWith(string text) => new() { Metadata = new V1ObjectMeta { Annotations = new Dictionary<string, string> { [SwarmApi.Attachments] = text } } };
}
