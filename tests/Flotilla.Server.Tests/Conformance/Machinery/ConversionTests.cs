using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Webhooks;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class ConversionTests(ApiHost host, WebhookServer server)
{
    private const string Open = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    [Fact]
    public async Task Converts_from_one_version_to_another()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(Converting(defs, server.On(Convert)));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"hostPort\":\"localhost:7070\""))).Expect(201);
        var second = (await host.Admin.GetAsync(defs.Gadgets(space, "v2") + "/a")).Expect(200);
        Assert.Equal(("localhost", "7070"), ((string?)second["host"], (string?)second["port"]));
        Assert.Null(second["hostPort"]);
        Assert.Equal($"{defs.Group}/v2", (string?)second["apiVersion"]);
    }

    [Fact]
    public async Task Converts_a_list_of_objects_stored_in_different_versions()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(Converting(defs, server.On(Convert)));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"hostPort\":\"one:1\""))).Expect(201);
        (await host.Admin.PatchAsync(defs.Path, """[{"op":"replace","path":"/spec/versions/0/storage","value":false},{"op":"replace","path":"/spec/versions/1/storage","value":true}]""", ApiCaller.JsonPatch)).Expect(200);
        await host.Admin.EventuallyAsync(defs.Path, reply => reply["status.storedVersions"]!.AsArray().Count == 2);
        (await host.Admin.PostAsync(defs.Gadgets(space, "v2"), defs.Gadget("b", "\"host\":\"two\",\"port\":\"2\"", "v2"))).Expect(201);
        foreach (var version in new[] { "v2", "v1" })
        {
            var list = (await host.Admin.GetAsync(defs.Gadgets(space, version))).Expect(200).Body["items"]!.AsArray();
            Assert.All(list, item => Assert.Equal($"{defs.Group}/{version}", (string?)item!["apiVersion"]));
            var told = list.Select(item => version == "v2" ? $"{item!["host"]}:{item["port"]}" : (string?)item!["hostPort"]);
            Assert.Equal(["one:1", "two:2"], told);
        }
    }

    [Fact]
    public async Task A_failing_webhook_fails_the_request_and_says_why()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(Converting(defs, server.On(_ => new JsonObject { ["result"] = new JsonObject { ["status"] = "Failed", ["message"] = "cannot do that" }, ["convertedObjects"] = new JsonArray() })));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"hostPort\":\"one:1\""))).Expect(201);
        var failed = (await host.Admin.GetAsync(defs.Gadgets(space, "v2") + "/a")).Expect(500);
        Assert.Contains($"conversion webhook for {defs.Group}/v1, Kind=Gadget failed: cannot do that", failed.Message, StringComparison.Ordinal);
        (await host.Admin.GetAsync(defs.Gadgets(space) + "/a")).Expect(200);
    }

    [Fact]
    public async Task A_webhook_may_not_change_who_the_object_is()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(Converting(defs, server.On(request =>
        {
            var response = Convert(request);
            response["convertedObjects"]![0]!["metadata"]!["name"] = "other";
            return response;
        })));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"hostPort\":\"one:1\""))).Expect(201);
        (await host.Admin.GetAsync(defs.Gadgets(space, "v2") + "/a")).Expect(500);
    }

    [Fact]
    public async Task Field_selectors_select_by_the_fields_of_the_version_asked_for()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        var definition = Converting(defs, server.On(Convert));
        const string Text = """{"type":"string"}""";
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"] = JsonNode.Parse($$"""{"hostPort":{{Text}}}""");
        definition["spec"]!["versions"]![0]!["selectableFields"] = JsonNode.Parse("""[{"jsonPath":".hostPort"}]""");
        definition["spec"]!["versions"]![1]!["schema"]!["openAPIV3Schema"]!["properties"] = JsonNode.Parse($$"""{"host":{{Text}},"port":{{Text}}}""");
        definition["spec"]!["versions"]![1]!["selectableFields"] = JsonNode.Parse("""[{"jsonPath":".host"},{"jsonPath":".port"}]""");
        await defs.CreateAsync(definition);
        foreach (var (name, hostPort) in new[] { ("a", "host1:80"), ("b", "host1:8080"), ("c", "host2:80") })
        {
            (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget(name, $"\"hostPort\":\"{hostPort}\""))).Expect(201);
        }

        Assert.Equal(["a"], await NamesAsync($"{defs.Gadgets(space)}?fieldSelector=hostPort%3Dhost1:80"));
        Assert.Equal(["a", "b"], await NamesAsync($"{defs.Gadgets(space, "v2")}?fieldSelector=host%3Dhost1"));
        Assert.Equal(["b"], await NamesAsync($"{defs.Gadgets(space, "v2")}?fieldSelector=host%3Dhost1,port%3D8080"));
        (await host.Admin.GetAsync($"{defs.Gadgets(space)}?fieldSelector=host%3Dhost1")).Expect(400);
        var start = (string)(await host.Admin.GetAsync(defs.Gadgets(space)))["metadata.resourceVersion"]!;
        (await host.Admin.PatchAsync(defs.Gadgets(space, "v2") + "/a", """{"host":"host2"}""")).Expect(200);
        (await host.Admin.PatchAsync(defs.Gadgets(space, "v2") + "/c", """{"host":"host1"}""")).Expect(200);
        (await host.Admin.DeleteAsync(defs.Gadgets(space) + "/b")).Expect(200);
        var seen = new List<string>();
        await foreach (var change in host.Admin.WatchAsync($"{defs.Gadgets(space, "v2")}?watch=1&resourceVersion={start}&fieldSelector=host%3Dhost1"))
        {
            seen.Add($"{(string?)change["type"]} {(string?)change["object"]!["metadata"]!["name"]}");
            if (seen.Count == 3)
            {
                break;
            }
        }

        Assert.Equal(["DELETED a", "ADDED c", "DELETED b"], seen);
    }

    [Fact]
    public async Task Webhooks_that_ask_for_another_version_see_it_and_what_they_change_comes_back()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(Converting(defs, server.On(Convert)));
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var rules = $$"""[{"operations":["CREATE","UPDATE"],"apiGroups":["{{defs.Group}}"],"apiVersions":["v2"],"resources":["gadgets"]}]""";
        var mutating = server.On(_ => WebhookServer.Allow("""[{"op":"replace","path":"/port","value":"9090"}]"""));
        var validating = server.On(_ => WebhookServer.Allow());
        await scene.MutateAsync(scene.Hook(mutating, rules, """{"matchPolicy":"Equivalent"}"""));
        await scene.ValidateAsync(scene.Hook(validating, rules, """{"matchPolicy":"Equivalent"}"""), scene.Hook(server.On(_ => WebhookServer.Deny("not for me")), rules, """{"matchPolicy":"Exact"}""", "exact.example.com"));
        var made = (await host.Admin.PostAsync(defs.Gadgets(scene.Space), defs.Gadget("a", "\"hostPort\":\"one:1\""))).Expect(201);
        Assert.Equal(("one:9090", $"{defs.Group}/v1"), ((string?)made["hostPort"], (string?)made["apiVersion"]));
        Assert.Null(made["host"]);
        var first = Assert.Single(server.SeenAt(mutating));
        Assert.Equal(("one", "1", $"{defs.Group}/v2"), ((string?)first["object"]!["host"], (string?)first["object"]!["port"], (string?)first["object"]!["apiVersion"]));
        Assert.Equal(("v2", "v1"), ((string?)first["kind"]!["version"], (string?)first["requestKind"]!["version"]));
        Assert.Equal("9090", (string?)Assert.Single(server.SeenAt(validating))["object"]!["port"]);
        (await host.Admin.PatchAsync(defs.Gadgets(scene.Space) + "/a", """{"hostPort":"two:2"}""")).Expect(200);
        Assert.Equal(("one", "two"), ((string?)server.SeenAt(validating).Last()["oldObject"]!["host"], (string?)server.SeenAt(validating).Last()["object"]!["host"]));
    }

    private async Task<IEnumerable<string>> NamesAsync(string path) => (await host.Admin.GetAsync(path)).Expect(200).Body["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!);

    private JsonObject Converting(Definitions defs, string path)
    {
        var definition = defs.Of(
            $$$"""{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{Open}}}}}""",
            $$$"""{"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{{{Open}}}}}""");
        definition["spec"]!["conversion"] = new JsonObject { ["strategy"] = "Webhook", ["webhook"] = new JsonObject { ["clientConfig"] = server.Client(path), ["conversionReviewVersions"] = new JsonArray("v1", "v1beta1") } };
        return definition;
    }

    /// <summary>In v1 host and port are one field.</summary>
    private static JsonObject Convert(JsonObject request)
    {
        var wanted = (string)request["desiredAPIVersion"]!;
        var converted = new JsonArray();
        foreach (var item in request["objects"]!.AsArray())
        {
            var next = (JsonObject)item!.DeepClone();
            next["apiVersion"] = wanted;
            if (wanted.EndsWith("/v2", StringComparison.Ordinal) && (string?)next["hostPort"] is { } both)
            {
                (next["host"], next["port"]) = (both.Split(':')[0], both.Split(':')[1]);
                next.Remove("hostPort");
            }
            else if (wanted.EndsWith("/v1", StringComparison.Ordinal))
            {
                next["hostPort"] = $"{(string?)next["host"]}:{(string?)next["port"]}";
                next.Remove("host");
                next.Remove("port");
            }

            converted.Add(next);
        }

        return new JsonObject { ["result"] = new JsonObject { ["status"] = "Success" }, ["convertedObjects"] = converted };
    }
}
