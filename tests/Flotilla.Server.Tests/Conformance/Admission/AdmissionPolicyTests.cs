using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Policies;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class AdmissionPolicyTests(ApiHost host)
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";
    private const string Match = """{"resourceRules":[{"operations":["CREATE"],"apiGroups":["none.example.com"],"apiVersions":["v1"],"resources":["nones"]}]}""";

    [Fact]
    public async Task Validates_a_deployment()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(""" "validations":[{"expression":"object.spec.replicas > 1","messageExpression":"'wants replicas > 1, got ' + string(object.spec.replicas)"},{"expression":"!has(object.spec.minReadySeconds)"}] """, rules: PolicyScene.Deployments);
        Assert.EndsWith("wants replicas > 1, got 1", (await scene.CreateDeploymentAsync("one", 1)).Expect(422).Message, StringComparison.Ordinal);
        (await scene.CreateDeploymentAsync("two", 2)).Expect(201);
    }

    [Fact]
    public async Task Lets_expressions_refer_to_variables()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(
            """ "variables":[{"name":"replicas","expression":"object.spec.replicas"},{"name":"oddReplicas","expression":"variables.replicas % 2 == 1"}],"validations":[{"expression":"variables.replicas > 1"},{"expression":"variables.oddReplicas"}] """, rules: PolicyScene.Deployments);
        Assert.EndsWith("failed expression: variables.replicas > 1", (await scene.CreateDeploymentAsync("one", 1)).Expect(422).Message, StringComparison.Ordinal);
        Assert.EndsWith("failed expression: variables.oddReplicas", (await scene.CreateDeploymentAsync("two", 2)).Expect(422).Message, StringComparison.Ordinal);
        (await scene.CreateDeploymentAsync("three", 3)).Expect(201);
    }

    [Fact]
    public async Task Mutates_a_deployment()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(""" "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{spec: Object.spec{replicas: object.spec.replicas + 1}}"} }] """, rules: """[{"operations":["CREATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"]}]""");
        Assert.Equal(2, (int?)(await scene.CreateDeploymentAsync("d", 1)).Expect(201)["spec.replicas"]);
    }

    [Fact]
    public async Task Mutates_a_deployment_with_annotations()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(""" "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.metadata{annotations: {'my-foo-annotation': 'myAnnotationValue'}}}"} }] """, rules: PolicyScene.Deployments);
        Assert.Equal("myAnnotationValue", (string?)(await scene.CreateDeploymentAsync("d", 1)).Expect(201)["metadata.annotations"]!["my-foo-annotation"]);
    }

    [Theory]
    [InlineData("validatingadmissionpolicies", "\"matchConstraints\":MATCH,\"validations\":[{\"expression\":\"true\"}]")]
    [InlineData("validatingadmissionpolicybindings", "\"policyName\":\"p\",\"validationActions\":[\"Deny\"]")]
    [InlineData("mutatingadmissionpolicies", "\"matchConstraints\":MATCH,\"reinvocationPolicy\":\"Never\",\"mutations\":[{\"patchType\":\"JSONPatch\",\"jsonPatch\":{\"expression\":\"[JSONPatch{op: 'add', path: '/x', value: 1}]\"}}]")]
    [InlineData("mutatingadmissionpolicybindings", "\"policyName\":\"p\"")]
    public async Task Supports_every_operation(string plural, string spec)
    {
        Assert.Contains((await host.Admin.GetAsync(Group))["resources"]!.AsArray(), resource => (string?)resource!["name"] == plural);
        var at = $"{Group}/{plural}";
        foreach (var name in new[] { "crud-a", "crud-b", "crud-c" })
        {
            (await host.Admin.PostAsync(at, $$"""{"metadata":{"name":"{{name}}","labels":{"test":"crud"} },"spec":{ {{spec.Replace("MATCH", Match, StringComparison.Ordinal)}} } }""")).Expect(201);
        }

        Assert.Equal(3, (await host.Admin.GetAsync($"{at}?labelSelector=test=crud"))["items"]!.AsArray().Count);
        Assert.Equal("1", (string?)(await host.Admin.PatchAsync($"{at}/crud-a", """{"metadata":{"annotations":{"patched":"1"}}}""")).Expect(200)["metadata.annotations.patched"]);
        var read = (await host.Admin.GetAsync($"{at}/crud-b")).Body;
        read["metadata"]!["annotations"] = new JsonObject { ["updated"] = "1" };
        (await host.Admin.PutAsync($"{at}/crud-b", read)).Expect(200);
        if (plural == "validatingadmissionpolicies")
        {
            (await host.Admin.GetAsync($"{at}/crud-a/status")).Expect(200);
            (await host.Admin.PatchAsync($"{at}/crud-a/status", """{"status":{"conditions":[{"type":"StatusPatched","status":"True","reason":"E2E","message":"m","lastTransitionTime":"2020-01-01T00:00:00Z"}]}}""")).Expect(200);
        }

        (await host.Admin.DeleteAsync($"{at}/crud-a")).Expect(200);
        (await host.Admin.DeleteAsync($"{at}?labelSelector=test=crud")).Expect(200);
        Assert.Empty((await host.Admin.GetAsync($"{at}?labelSelector=test=crud"))["items"]!.AsArray());
    }
}
