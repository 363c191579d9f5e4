using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.CustomResources;

public sealed class CustomResourceTests(ApiHost host)
{
    private const string Free = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    private const string Sized = """
        {"type":"object","properties":{"spec":{"type":"object","required":["size"],"properties":{"size":{"type":"integer","minimum":1,"maximum":9},
         "color":{"type":"string","default":"red"},"parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
         "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"weight":{"type":"integer","default":1}}}}}},
         "status":{"type":"object","properties":{"ready":{"type":"integer"}}}}}
        """;

    [Fact]
    public async Task Definitions_are_established_and_served_in_discovery()
    {
        var defs = Definitions.New(host);
        var established = await defs.CreateAsync(defs.Simple(Free));
        Assert.Equal("True", Definitions.Condition(established, "NamesAccepted"));
        Assert.Equal("gadget", (string?)established["status.acceptedNames.singular"]);
        var list = (await host.Admin.GetAsync($"/apis/{defs.Group}/v1")).Expect(200);
        Assert.Equal("gd", (string?)list["resources.0.shortNames.0"]);
        Assert.Contains((await host.Admin.GetAsync("/apis")).Body["groups"]!.AsArray(), group => (string?)group!["name"] == defs.Group);
        var aggregated = await host.Admin.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        Assert.Contains(aggregated.Body["items"]!.AsArray(), group => (string?)group!["metadata"]?["name"] == defs.Group);
    }

    [Fact]
    public async Task Unknown_fields_are_pruned_with_a_warning_and_defaults_filled_in()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Sized));
        var made = (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", """
            "spec":{"size":2,"odd":1,"parts":[{"name":"x"}]}
            """))).Expect(201);
        Assert.Equal("""299 - "unknown field \"spec.odd\"" """.Trim(), Assert.Single(made.Warnings));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"size":2,"color":"red","parts":[{"name":"x","weight":1}]}"""), made["spec"]), made.Text);
        Assert.Equal(1, (int?)made["metadata.generation"]);
    }

    [Fact]
    public async Task What_the_schema_forbids_is_refused_with_every_cause()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Sized));
        var refused = (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", """
            "spec":{"size":12,"color":5,"parts":[{"name":"x"},{"name":"x"}]}
            """))).Expect(422);
        Assert.Contains("spec.size: Invalid value: 12: spec.size in body should be less than or equal to 9", refused.Message, StringComparison.Ordinal);
        Assert.Contains("spec.color: Invalid value: \"integer\": spec.color in body must be of type string: \"integer\"", refused.Message, StringComparison.Ordinal);
        Assert.Contains("spec.parts[1]: Duplicate value: {\"name\":\"x\"}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(404, (await host.Admin.GetAsync(defs.Gadgets(space) + "/a")).Code);
    }

    [Fact]
    public async Task A_stricter_schema_does_not_block_updates_of_what_stayed_the_same()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Sized));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"spec\":{\"size\":9}"))).Expect(201);
        (await host.Admin.PatchAsync(defs.Path, """[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/maximum","value":5}]""", ApiCaller.JsonPatch)).Expect(200);
        await host.Admin.EventuallyAsync(defs.Path, _ => true);
        var refused = await UntilAsync(() => host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("b", "\"spec\":{\"size\":8}")), 422);
        Assert.Contains("less than or equal to 5", refused.Message, StringComparison.Ordinal);
        (await host.Admin.PatchAsync(defs.Gadgets(space) + "/a", """{"spec":{"color":"blue"}}""")).Expect(200);
        (await host.Admin.PatchAsync(defs.Gadgets(space) + "/a", """{"spec":{"size":7}}""")).Expect(422);
    }

    [Fact]
    public async Task Status_and_scale_are_subresources_when_asked_for()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Sized, ""","subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.ready"}}"""));
        var at = defs.Gadgets(space) + "/a";
        var made = (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"spec\":{\"size\":2},\"status\":{\"ready\":1}"))).Expect(201);
        Assert.Null(made["status"]);
        (await host.Admin.PatchAsync(at + "/status", """{"status":{"ready":2},"spec":{"size":5}}""")).Expect(200);
        var read = await host.Admin.GetAsync(at);
        Assert.Equal((2, 2, 1), ((int)read["status.ready"]!, (int)read["spec.size"]!, (int)read["metadata.generation"]!));
        var scale = (await host.Admin.GetAsync(at + "/scale")).Expect(200);
        Assert.Equal((2, 2), ((int)scale["spec.replicas"]!, (int)scale["status.replicas"]!));
        (await host.Admin.PatchAsync(at + "/scale", """{"spec":{"replicas":4}}""")).Expect(200);
        Assert.Equal(4, (int)(await host.Admin.GetAsync(at))["spec.size"]!);
    }

    [Fact]
    public async Task Every_version_serves_every_object()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Of(
            $$$"""{"name":"v1beta1","served":true,"storage":false,"schema":{"openAPIV3Schema":{{{Free}}}}}""",
            $$$"""{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{Free}}}}}"""));
        (await host.Admin.PostAsync(defs.Gadgets(space, "v1beta1"), defs.Gadget("a", "\"x\":1", "v1beta1"))).Expect(201);
        Assert.Equal($"{defs.Group}/v1", (string?)(await host.Admin.GetAsync(defs.Gadgets(space) + "/a"))["apiVersion"]);
        Assert.Equal($"{defs.Group}/v1beta1", (string?)(await host.Admin.GetAsync(defs.Gadgets(space, "v1beta1") + "/a"))["apiVersion"]);
        var stored = await host.Store.GetAsync($"/{defs.Group}/gadgets/{space}/a", TestContext.Current.CancellationToken);
        Assert.Contains($"\"apiVersion\":\"{defs.Group}/v1\"", System.Text.Encoding.UTF8.GetString(stored!.Value.Value.Span), StringComparison.Ordinal);
        Assert.Equal("v1", (string?)(await host.Admin.GetAsync($"/apis/{defs.Group}"))["preferredVersion.version"]);
    }

    [Fact]
    public async Task A_deleted_definition_takes_its_objects_along()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Free));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", ""))).Expect(201);
        var deleted = (await host.Admin.DeleteAsync(defs.Path)).Expect(200);
        Assert.Equal("True", Definitions.Condition(deleted, "Terminating"));
        await host.Admin.EventuallyAsync(defs.Path, reply => reply.Code == 404);
        await host.Admin.EventuallyAsync(defs.Gadgets(space), reply => reply.Code == 404);
        Assert.Null(await host.Store.GetAsync($"/{defs.Group}/gadgets/{space}/a", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Names_in_use_are_not_accepted()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple(Free));
        var second = defs.Simple(Free);
        second["metadata"]!["name"] = $"gizmos.{defs.Group}";
        second["spec"]!["names"] = JsonNode.Parse("""{"plural":"gizmos","kind":"Gadget","shortNames":["gd"]}""");
        (await host.Admin.PostAsync(Definitions.Root, second)).Expect(201);
        var refused = await host.Admin.EventuallyAsync($"{Definitions.Root}/gizmos.{defs.Group}", reply => Definitions.Condition(reply, "NamesAccepted") == "False");
        Assert.Equal("False", Definitions.Condition(refused, "Established"));
        (await host.Admin.DeleteAsync(defs.Path)).Expect(200);
        await host.Admin.EventuallyAsync($"{Definitions.Root}/gizmos.{defs.Group}", reply => Definitions.Condition(reply, "Established") == "True");
    }

    [Fact]
    public async Task Printer_columns_are_shown_in_tables()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Free, """
            ,"additionalPrinterColumns":[{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
             {"name":"First","type":"integer","jsonPath":".spec.list[0]","priority":1,"description":"The first."},{"name":"Born","type":"date","jsonPath":".metadata.creationTimestamp"}]
            """));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", """
            "spec":{"list":[7,8]},"status":{"conditions":[{"type":"Other","status":"False"},{"type":"Ready","status":"True"}]}
            """))).Expect(201);
        var table = await host.Admin.GetAsync(defs.Gadgets(space), ApiCaller.Table);
        Assert.Equal(["Name", "Ready", "First", "Born"], table.Body["columnDefinitions"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal("The first.", (string?)table["columnDefinitions.2.description"]);
        Assert.Equal(("a", "True", 7), ((string)table["rows.0.cells.0"]!, (string)table["rows.0.cells.1"]!, (int)table["rows.0.cells.2"]!));
    }

    [Fact]
    public async Task Selectable_fields_select()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Sized, ""","selectableFields":[{"jsonPath":".spec.color"}]"""));
        foreach (var color in new[] { "red", "blue" })
        {
            (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget(color, $$"""
                "spec":{"size":1,"color":"{{color}}"}
                """))).Expect(201);
        }

        var blue = (await host.Admin.GetAsync(defs.Gadgets(space) + "?fieldSelector=spec.color%3Dblue")).Expect(200);
        Assert.Equal("blue", (string?)Assert.Single(blue.Body["items"]!.AsArray())!["metadata"]!["name"]);
        (await host.Admin.GetAsync(defs.Gadgets(space) + "?fieldSelector=spec.size%3D1")).Expect(400);
    }

    [Fact]
    public async Task Apply_owns_fields_by_the_schemas_keys()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Sized));
        var at = $"{defs.Gadgets(space)}/a?fieldManager=";
        (await host.Admin.PatchAsync(at + "one", defs.Gadget("a", """
            "spec":{"size":1,"parts":[{"name":"x","weight":2}]}
            """), ApiCaller.Apply)).Expect(201);
        (await host.Admin.PatchAsync(at + "two", defs.Gadget("a", """
            "spec":{"parts":[{"name":"y"}]}
            """), ApiCaller.Apply)).Expect(200);
        var conflict = (await host.Admin.PatchAsync(at + "two", defs.Gadget("a", """
            "spec":{"parts":[{"name":"x","weight":3}]}
            """), ApiCaller.Apply)).Expect(409);
        Assert.Contains("conflict with \"one\": .spec.parts[name=\"x\"].weight", conflict.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watches_see_changes_and_end_when_the_definition_changes()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Free));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", ""))).Expect(201);
        var types = new List<string>();
        await foreach (var change in host.Admin.WatchAsync(defs.Gadgets(space) + "?watch=1"))
        {
            types.Add((string)change["type"]!);
            if (types.Count == 1)
            {
                (await host.Admin.PatchAsync(defs.Path, """{"spec":{"names":{"categories":["other"]}}}""")).Expect(200);
            }
        }

        Assert.Equal(["ADDED"], types);
    }

    private static async Task<Reply> UntilAsync(Func<Task<Reply>> ask, int code)
    {
        for (var attempt = 0; ; attempt++)
        {
            var reply = await ask();
            if (reply.Code == code || attempt > 100)
            {
                return reply.Expect(code);
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
