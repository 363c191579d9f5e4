using System.Text.Json.Nodes;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class DefinitionTests(ApiHost host)
{
    private const string Open = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    [Fact]
    public async Task Creates_and_deletes_definitions()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple(Open));
        (await host.Admin.DeleteAsync(defs.Path)).Expect(200);
        await host.Admin.EventuallyAsync(defs.Path, reply => reply.Code == 404);
    }

    [Fact]
    public async Task Lists_and_deletes_the_labelled_definitions_alone()
    {
        var (label, all) = (Guid.NewGuid().ToString(), new List<Definitions>());
        for (var i = 0; i < 10; i++)
        {
            var defs = Definitions.New(host);
            var definition = defs.Simple(Open);
            definition["metadata"]!["labels"] = new JsonObject { ["set"] = label };
            await defs.CreateAsync(definition);
            all.Add(defs);
        }

        var other = Definitions.New(host);
        await other.CreateAsync(other.Simple(Open));
        var selected = $"{Definitions.Root}?labelSelector=set%3D{label}";
        var listed = (await host.Admin.GetAsync(selected)).Expect(200).Body["items"]!.AsArray().Select(item => (string?)item!["metadata"]!["name"]).Order();
        Assert.Equal(all.Select(defs => defs.Name).Order(), listed);
        (await host.Admin.DeleteAsync(selected)).Expect(200);
        await host.Admin.EventuallyAsync(selected, reply => reply.Body["items"]!.AsArray().Count == 0);
        (await host.Admin.GetAsync(other.Path)).Expect(200);
    }

    [Fact]
    public async Task The_status_of_a_definition_can_be_read_updated_and_patched()
    {
        var defs = Definitions.New(host);
        var made = await defs.CreateAsync(defs.Simple(Open));
        var status = (await host.Admin.GetAsync(defs.Path + "/status")).Expect(200).Body;
        Assert.True(JsonNode.DeepEquals(made["spec"], status["spec"]));
        status["status"]!["conditions"]!.AsArray().Add(new JsonObject { ["message"] = "updated" });
        var updated = (await host.Admin.PutAsync(defs.Path + "/status", status)).Expect(200);
        Assert.Contains(updated["status.conditions"]!.AsArray(), condition => (string?)condition!["message"] == "updated");
        var patched = (await host.Admin.PatchAsync(defs.Path + "/status", """[{"op":"add","path":"/status/conditions","value":[{"message":"patched"}]}]""", ApiCaller.JsonPatch)).Expect(200);
        Assert.Contains(patched["status.conditions"]!.AsArray(), condition => (string?)condition!["message"] == "patched");
        Assert.Equal("v1", (string?)patched["status.storedVersions.0"]);
    }

    [Fact]
    public async Task Definitions_are_in_the_discovery_documents()
    {
        var group = (await host.Admin.GetAsync("/apis")).Body["groups"]!.AsArray().Single(item => (string?)item!["name"] == "apiextensions.k8s.io")!;
        Assert.Contains(group["versions"]!.AsArray(), version => (string?)version!["version"] == "v1");
        Assert.Equal("apiextensions.k8s.io", (string?)(await host.Admin.GetAsync("/apis/apiextensions.k8s.io")).Expect(200)["name"]);
        var resources = (await host.Admin.GetAsync("/apis/apiextensions.k8s.io/v1")).Expect(200);
        Assert.Equal("apiextensions.k8s.io/v1", (string?)resources["groupVersion"]);
        Assert.Contains(resources["resources"]!.AsArray(), resource => (string?)resource!["name"] == "customresourcedefinitions");
    }

    [Fact]
    public async Task Defaults_appear_in_what_was_stored_before_and_stay_in_what_was_written_with_them()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}"""));
        var at = defs.Gadgets(space);
        Assert.Null((await host.Admin.PostAsync(at, defs.Gadget("one", ""))).Expect(201)["a"]);
        const string Properties = "/spec/versions/0/schema/openAPIV3Schema/properties";
        (await host.Admin.PatchAsync(defs.Path, $$"""[{"op":"add","path":"{{Properties}}/a/default","value":"A"}]""", ApiCaller.JsonPatch)).Expect(200);
        await host.Admin.EventuallyAsync(at + "/one", reply => (string?)reply["a"] == "A");
        Assert.Equal("A", (string?)(await host.Admin.PostAsync(at, defs.Gadget("two", ""))).Expect(201)["a"]);
        (await host.Admin.PatchAsync(defs.Path, $$"""[{"op":"remove","path":"{{Properties}}/a/default"},{"op":"add","path":"{{Properties}}/b/default","value":"B"}]""", ApiCaller.JsonPatch)).Expect(200);
        var two = await host.Admin.EventuallyAsync(at + "/two", reply => (string?)reply["b"] == "B");
        Assert.Equal("A", (string?)two["a"]);
        Assert.Null((await host.Admin.GetAsync(at + "/one"))["a"]);
    }

    [Fact]
    public async Task A_deprecated_version_warns_whoever_uses_it()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Of(
            $$$"""{"name":"v1alpha1","served":true,"storage":false,"deprecated":true,"schema":{"openAPIV3Schema":{{{Open}}}}}""",
            $$$"""{"name":"v1beta1","served":true,"storage":false,"deprecated":true,"deprecationWarning":"use v1","schema":{"openAPIV3Schema":{{{Open}}}}}""",
            $$$"""{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{Open}}}}}"""));
        Assert.Equal($"299 - \"{defs.Group}/v1alpha1 Gadget is deprecated\"", Assert.Single((await host.Admin.GetAsync(defs.Gadgets(space, "v1alpha1"))).Expect(200).Warnings));
        Assert.Equal("299 - \"use v1\"", Assert.Single((await host.Admin.PostAsync(defs.Gadgets(space, "v1beta1"), defs.Gadget("a", "", "v1beta1"))).Expect(201).Warnings));
        Assert.Empty((await host.Admin.GetAsync(defs.Gadgets(space))).Expect(200).Warnings);
    }

    [Theory]
    [InlineData(null, null, "protected groups must have approval annotation \"api-approved.kubernetes.io\", see ")]
    [InlineData("bad", null, "with either a URL or a reason starting with \"unapproved\", see ")]
    [InlineData("unapproved, only a test", "False", "not approved: \"unapproved, only a test\"")]
    [InlineData("https://github.com/kubernetes/kubernetes/pull/1", "True", "approved in https://github.com/kubernetes/kubernetes/pull/1")]
    public async Task Groups_of_the_project_itself_need_an_approval(string? annotation, string? status, string message)
    {
        var defs = new Definitions(host, $"{Guid.NewGuid():N}.k8s.io");
        var definition = defs.Simple(Open);
        if (annotation is not null)
        {
            definition["metadata"]!["annotations"] = new JsonObject { ["api-approved.kubernetes.io"] = annotation };
        }

        if (status is null)
        {
            Assert.Contains(message, (await host.Admin.PostAsync(Definitions.Root, definition)).Expect(422).Message, StringComparison.Ordinal);
            return;
        }

        var made = await defs.CreateAsync(definition);
        var condition = made["status.conditions"]!.AsArray().Single(item => (string?)item!["type"] == "KubernetesAPIApprovalPolicyConformant")!;
        Assert.Equal((status, message), ((string?)condition["status"], (string?)condition["message"]));
    }

    [Fact]
    public async Task Scale_tells_the_selector_that_the_path_leads_to()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Open, ""","subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.ready","labelSelectorPath":".status.selector"}}"""));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"spec\":{\"size\":2}"))).Expect(201);
        (await host.Admin.PatchAsync(defs.Gadgets(space) + "/a/status", """{"status":{"ready":1,"selector":"app=a"}}""")).Expect(200);
        var scale = (await host.Admin.GetAsync(defs.Gadgets(space) + "/a/scale")).Expect(200);
        Assert.Equal((2, 1, "app=a"), ((int?)scale["spec.replicas"], (int?)scale["status.replicas"], (string?)scale["status.selector"]));
    }
}
