using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Policies;

public sealed class MutatingPolicyTests(ApiHost host)
{
    [Fact]
    public async Task Applies_a_json_patch_built_by_an_expression()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(
            """ "variables":[{"name":"key","expression":"jsonpatch.escapeKey('example.com/by')"}],"mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'add', path: '/metadata/labels', value: {}}, JSONPatch{op: 'add', path: '/metadata/labels/' + variables.key, value: 'policy'}]"} }] """);
        Assert.Equal("policy", (string?)(await scene.CreateConfigMapAsync("a")).Expect(201)["metadata.labels"]!["example.com/by"]);
    }

    [Fact]
    public async Task Merges_an_apply_configuration_by_the_keys_of_lists()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(
            """ "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'sidecar', image: 'added'}]}}}}"} }] """,
            rules: PolicyScene.Deployments);
        var made = (await scene.CreateDeploymentAsync("d", 0)).Expect(201);
        Assert.Equal(["c", "sidecar"], made["spec.template.spec.containers"]!.AsArray().Select(container => (string?)container!["name"]));
        Assert.Equal("Always", (string?)made["spec.template.spec.containers.1.imagePullPolicy"]);
    }

    [Fact]
    public async Task Refuses_to_replace_a_whole_list()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(
            """ "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'c', args: ['x']}]}}}}"} }] """,
            rules: PolicyScene.Deployments);
        Assert.Contains(
            "may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[name=\"c\"].args",
            (await scene.CreateDeploymentAsync("d", 0)).Expect(422).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_at_the_wrong_place_is_refused()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(""" "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.spec{labels: {'a': 'b'}}}"} }] """);
        Assert.Contains("unexpected type name \"Object.spec\", expected \"Object.metadata\"", (await scene.CreateConfigMapAsync("a")).Expect(422).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_left_alone_where_its_conditions_do_not_hold()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.MutateAsync(
            """ "matchConditions":[{"name":"named","expression":"object.metadata.name == 'yes'"}],"mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{data: {'seen': 'true'}}"} }] """);
        Assert.Null((await scene.CreateConfigMapAsync("no")).Expect(201).Body["data"]?["seen"]);
        Assert.Equal("true", (string?)(await scene.CreateConfigMapAsync("yes")).Expect(201)["data.seen"]);
    }
}
