using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.CustomResources;

/// <summary>A definition of thousands of lines is one like any other.</summary>
public sealed class OperatorDefinitionTests(ApiHost host)
{
    private const string Group = "monitoring.example.com";
    private const string Pod = """{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":1,"memory":"1Gi"}},"livenessProbe":{"httpGet":{"port":"web"}}}]}""";

    [Fact]
    public async Task Is_established_serves_validates_prunes_defaults_and_explains()
    {
        var definition = OperatorDefinition.From((await host.Admin.GetAsync("/openapi/v3/api/v1")).Body, Group, "monitors", "Monitor");
        Assert.True(OperatorDefinition.LinesOf(definition) >= 5000, $"{OperatorDefinition.LinesOf(definition)} lines");
        var path = $"{Definitions.Root}/monitors.{Group}";
        (await host.Admin.PostAsync(Definitions.Root, definition)).Expect(201);
        await host.Admin.EventuallyAsync(path, reply => Definitions.Condition(reply, "Established") == "True");
        var monitors = $"/apis/{Group}/v1/namespaces/{await host.SpaceAsync()}/monitors";
        await ServesAsync(monitors);
        await RefusesAsync(monitors);
        await ExplainsAsync();
        (await host.Admin.DeleteAsync(path)).Expect(200);
        await host.Admin.EventuallyAsync(path, reply => reply.Code == 404);
    }

    private async Task ServesAsync(string monitors)
    {
        var made = (await host.Admin.PostAsync(monitors, Monitor("a", Pod.Replace("\"image\"", "\"unknown\":1,\"image\"", StringComparison.Ordinal)))).Expect(201);
        Assert.Equal((1, "24h"), ((int)made["spec.shards"]!, (string)made["spec.retention"]!));
        var container = made["spec.podTemplate.containers.0"]!;
        Assert.Null(container["unknown"]);
        Assert.Equal("TCP", (string?)container["ports"]![0]!["protocol"]);
        Assert.Equal(3, (int)(await host.Admin.PatchAsync($"{monitors}/a/scale", """{"spec":{"replicas":3}}""")).Expect(200)["spec.replicas"]!);
        var applied = (await host.Admin.PatchAsync($"{monitors}/a?fieldManager=m", Monitor("a", """{"containers":[{"name":"other","image":"j"}]}"""), ApiCaller.Apply)).Expect(200);
        Assert.Equal(["c", "other"], applied["spec.podTemplate.containers"]!.AsArray().Select(item => (string)item!["name"]!));
    }

    private async Task RefusesAsync(string monitors)
    {
        var refused = (await host.Admin.PostAsync(monitors, Monitor("b", """{"containers":[{"image":5}]}""", "\"retention\":\"long\","))).Expect(422);
        var causes = refused["details.causes"]!.AsArray().Select(cause => (string)cause!["field"]!).ToList();
        Assert.Superset(new HashSet<string> { "spec.retention", "spec.podTemplate.containers[0].name", "spec.podTemplate.containers[0].image" }, causes.ToHashSet());
        Assert.Contains("shards must not exceed maxShards", (await host.Admin.PostAsync(monitors, Monitor("b", Pod, "\"shards\":11,"))).Expect(422).Message, StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.podTemplate.containers[0].imag\"", (await host.Admin.PostAsync($"{monitors}?fieldValidation=Strict", Monitor("b", Pod.Replace("\"image\"", "\"imag\"", StringComparison.Ordinal)))).Expect(400).Message, StringComparison.Ordinal);
    }

    private async Task ExplainsAsync()
    {
        var document = await host.Admin.EventuallyAsync($"/openapi/v3/apis/{Group}/v1", reply => reply.Code == 200);
        var spec = document["components"]!["schemas"]!["com.example.monitoring.v1.Monitor"]!["properties"]!["spec"]!["properties"]!;
        Assert.Equal("How long to keep what was scraped.", (string?)spec["retention"]!["description"]);
        Assert.Equal("boolean", (string?)spec["podTemplate"]!["properties"]!["hostNetwork"]!["type"]);
    }

    private static string Monitor(string name, string pod, string more = "") =>
        $$$"""{"apiVersion":"{{{Group}}}/v1","kind":"Monitor","metadata":{"name":"{{{name}}}"},"spec":{{{{more}}}"podTemplate":{{{pod}}} } }""";
}
