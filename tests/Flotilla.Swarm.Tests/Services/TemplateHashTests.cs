using System.Text.Json.Nodes;
using Flotilla.Swarm.Services;

namespace Flotilla.Swarm.Tests.Services;

public sealed class TemplateHashTests
{
    private const string Template = """{"ContainerSpec":{"Image":"web","Env":["A=1"]},"Placement":{"Constraints":["node.role==worker"]}}""";

    [Theory]
    [InlineData("""{"ContainerSpec":{"Image":"web","Env":["A=1"],"Labels":{},"Dir":""},"Placement":{},"ForceUpdate":0,"Resources":{"Limits":{}}}""", true)]
    [InlineData("""{"ContainerSpec":{"Env":["A=1"],"Image":"web","PullOptions":{"X":1}}}""", true)]
    [InlineData("""{"ContainerSpec":{"Image":"web","Env":["A=2"]}}""", false)]
    [InlineData("""{"ContainerSpec":{"Image":"web","Env":["A=1"]},"ForceUpdate":1}""", false)]
    [InlineData("""{"ContainerSpec":{"Image":"web","Env":["A=1"]},"Placement":{"MaxReplicas":1}}""", false)]
    public void Constraints_and_what_is_empty_do_not_count(string other, bool isSame) =>
        Assert.Equal(isSame, TemplateHash.Of(JsonNode.Parse(Template), null) == TemplateHash.Of(JsonNode.Parse(other), new JsonObject()));
}
