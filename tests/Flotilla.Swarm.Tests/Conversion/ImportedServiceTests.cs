using System.Text.Json.Nodes;
using Flotilla.Swarm.Conversion;

namespace Flotilla.Swarm.Tests.Conversion;

public sealed class ImportedServiceTests
{
    private const string Service = """
        {"Spec":{"Name":"web","TaskTemplate":{"Networks":[{"Target":"n1"}],"Placement":{"Platforms":[{"OS":"linux"}]},
        "ContainerSpec":{"Secrets":[{"SecretID":"old","SecretName":"s"}],"Configs":[{"ConfigID":"old","ConfigName":"c"}]}}}}
        """;

    private static readonly Dictionary<string, string> Networks = new() { ["n1"] = "front" };
    private static readonly Dictionary<string, string> Ids = new() { ["s"] = "new-s", ["c"] = "new-c" };

    [Fact]
    public void Networks_go_by_name_and_secrets_by_their_ids_here()
    {
        var spec = ImportedService.SpecFor((JsonObject)JsonNode.Parse(Service)!, Networks, Ids, Ids, out var missing);
        Assert.Null(missing);
        Assert.Equal(
            """{"Networks":[{"Target":"front"}],"Placement":{},"ContainerSpec":{"Secrets":[{"SecretID":"new-s","SecretName":"s"}],"Configs":[{"ConfigID":"new-c","ConfigName":"c"}]}}""",
            spec["TaskTemplate"]!.ToJsonString());
    }

    [Fact]
    public void The_networks_of_old_and_new_specs_are_told() => Assert.Equal(
        ["n1", "n2"], ImportedService.NetworksOf((JsonObject)JsonNode.Parse("""{"Spec":{"Networks":[{"Target":"n2"}],"TaskTemplate":{"Networks":[{"Target":"n1"}]}}}""")!));

    [Fact]
    public void What_is_not_here_is_named()
    {
        ImportedService.SpecFor((JsonObject)JsonNode.Parse(Service)!, Networks, new Dictionary<string, string>(), Ids, out var missing);
        Assert.Equal("secret s", missing);
    }
}
