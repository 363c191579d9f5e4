using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Policies;

public sealed class ValidatingPolicyTests(ApiHost host)
{
    [Fact]
    public async Task Denies_in_upstreams_words()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync("\"validations\":[{\"expression\":\"has(object.data) && object.data.size() < 2\"}]");
        var reply = (await scene.CreateConfigMapAsync("a", """{"x":"1","y":"2"}""")).Expect(422);
        Assert.Equal(
            $"configmaps \"a\" is forbidden: ValidatingAdmissionPolicy '{scene.Name}' with binding '{scene.Name}-binding' denied request: failed expression: has(object.data) && object.data.size() < 2", reply.Message);
        Assert.Equal("Invalid", (string?)reply.Body["reason"]);
        (await scene.CreateConfigMapAsync("a", """{"x":"1"}""")).Expect(201);
    }

    [Fact]
    public async Task A_rule_has_its_own_message_and_reason()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(""" "validations":[{"expression":"object.metadata.name != 'bad'","messageExpression":"'not ' + object.metadata.name + ' in ' + namespaceObject.metadata.name","reason":"Forbidden"}] """);
        var reply = (await scene.CreateConfigMapAsync("bad")).Expect(403);
        Assert.EndsWith($"denied request: not bad in {scene.Space}", reply.Message, StringComparison.Ordinal);
        Assert.Equal("Forbidden", (string?)reply.Body["reason"]);
    }

    [Fact]
    public async Task An_expression_that_fails_denies_unless_failures_are_ignored()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(""" "validations":[{"expression":"object.data.missing == 'x'"}] """);
        Assert.EndsWith("denied request: expression 'object.data.missing == 'x'' resulted in error: no such key: missing", (await scene.CreateConfigMapAsync("a", """{"y":"1"}""")).Expect(422).Message, StringComparison.Ordinal);
        (await scene.Api.PatchAsync($"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{scene.Name}", """{"spec":{"failurePolicy":"Ignore"}}""")).Expect(200);
        (await scene.CreateConfigMapAsync("a", """{"y":"1"}""")).Expect(201);
    }

    [Fact]
    public async Task Warns_instead_of_denying()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(""" "validations":[{"expression":"false","message":"mind this"}] """, "\"validationActions\":[\"Warn\",\"Audit\"]");
        Assert.Equal([$"299 - \"Validation failed for ValidatingAdmissionPolicy '{scene.Name}' with binding '{scene.Name}-binding': mind this\""], (await scene.CreateConfigMapAsync("a")).Expect(201).Warnings);
    }

    [Fact]
    public async Task Takes_parameters_by_name_and_denies_when_they_must_be_there()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(
            """ "paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"matchConditions":[{"name":"not-the-limits","expression":"object.metadata.name != 'limits'"}],"validations":[{"expression":"object.data.size() <= int(params.data.most)"}] """,
            "\"validationActions\":[\"Deny\"],\"paramRef\":{\"name\":\"limits\",\"parameterNotFoundAction\":\"Deny\"}");
        Assert.EndsWith("denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", (await scene.CreateConfigMapAsync("a", """{"x":"1"}""")).Expect(422).Message, StringComparison.Ordinal);
        (await host.Admin.DeleteAsync($"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/{scene.Name}-binding")).Expect(200);
        (await scene.CreateConfigMapAsync("limits", """{"most":"1"}""")).Expect(201);
        (await host.Admin.PostAsync(
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
            $$"""{"metadata":{"name":"{{scene.Name}}-binding"},"spec":{"policyName":"{{scene.Name}}","validationActions":["Deny"],"paramRef":{"name":"limits","parameterNotFoundAction":"Deny"} } }""")).Expect(201);
        (await scene.CreateConfigMapAsync("a", """{"x":"1"}""")).Expect(201);
        (await scene.CreateConfigMapAsync("b", """{"x":"1","y":"2"}""")).Expect(422);
    }

    [Fact]
    public async Task Asks_the_authorizer_and_knows_the_user()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(
            """ "validations":[{"expression":"authorizer.group('').resource('secrets').namespace(request.namespace).check('delete').allowed()","messageExpression":"request.userInfo.username + ' may not'"},{"expression":"authorizer.requestResource.check('create').allowed()"}] """);
        (await scene.CreateConfigMapAsync("a")).Expect(201);
        var role = $$"""{"metadata":{"name":"maps"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["create"]}]}""";
        (await host.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{scene.Space}/roles", role)).Expect(201);
        var binding = $$"""{"metadata":{"name":"maps"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"maps"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{scene.Space}}-user"}]}""";
        (await host.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{scene.Space}/rolebindings", binding)).Expect(201);
        var reply = await host.ClientOf($"{scene.Space}-user").PostAsync($"/api/v1/namespaces/{scene.Space}/configmaps", """{"metadata":{"name":"b"}}""");
        Assert.EndsWith($"denied request: {scene.Space}-user may not", reply.Expect(422).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_warned_in_its_status_about_fields_that_do_not_exist()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        await scene.ValidateAsync(""" "variables":[{"name":"count","expression":"object.spec.replicas"}],"validations":[{"expression":"variables.count > 1 && has(object.spec.template.metadata.labels)"},{"expression":"object.foo > 1"}] """, rules: PolicyScene.Deployments);
        var status = await host.Admin.EventuallyAsync($"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{scene.Name}", reply => (int?)reply.Body["status"]?["observedGeneration"] == 1);
        var warning = Assert.Single(status["status.typeChecking.expressionWarnings"]!.AsArray())!;
        Assert.Equal("spec.validations[1].expression", (string?)warning["fieldRef"]);
        Assert.Equal("apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'foo'\n | object.foo > 1\n | ......^\n", (string?)warning["warning"]);
    }

    [Fact]
    public async Task Custom_resources_are_checked_by_their_schemas()
    {
        await using var scene = await PolicyScene.CreateAsync(host);
        var defs = CustomResources.Definitions.New(host);
        await defs.CreateAsync(defs.Simple("""{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"},"names":{"type":"array","items":{"type":"string"}}}}}}"""));
        var rules = $$"""[{"operations":["CREATE"],"apiGroups":["{{defs.Group}}"],"apiVersions":["v1"],"resources":["gadgets"]}]""";
        await scene.ValidateAsync(""" "validations":[{"expression":"object.spec.size > 1 && object.spec.names.all(n, n.startsWith('a')) && object.metadata.generation >= 0 && object.kind != ''"},{"expression":"object.spec.size == 'big'"},{"expression":"object.spec.weight > 1"}] """, rules: rules);
        var status = await host.Admin.EventuallyAsync($"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{scene.Name}", reply => (int?)reply.Body["status"]?["observedGeneration"] == 1);
        var warnings = status["status.typeChecking.expressionWarnings"]!.AsArray();
        Assert.Equal(["spec.validations[1].expression", "spec.validations[2].expression"], warnings.Select(warning => (string)warning!["fieldRef"]!));
        Assert.StartsWith($"{defs.Group}/v1, Kind=Gadget: ERROR: <input>:1:18: found no matching overload for '_==_' applied to '(int, string)'", (string?)warnings[0]!["warning"], StringComparison.Ordinal);
        Assert.Contains("undefined field 'weight'", (string?)warnings[1]!["warning"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"validations\":[{\"expression\":\"object.x ==\"}]", "spec.validations[0].expression: Invalid value: \"object.x ==\": compilation failed: ERROR: <input>:1:12: Syntax error")]
    [InlineData("\"validations\":[{\"expression\":\"'text'\"}]", "spec.validations[0].expression: Invalid value: \"'text'\": must evaluate to bool")]
    [InlineData("\"validations\":[{\"expression\":\"params.x == 1\"}]", "spec.validations[0].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params'")]
    [InlineData("\"matchConditions\":[{\"name\":\"m\",\"expression\":\"variables.x\"}],\"variables\":[{\"name\":\"x\",\"expression\":\"true\"}],\"validations\":[{\"expression\":\"variables.y\"}]", "spec.validations[0].expression: Invalid value: \"variables.y\": compilation failed: ERROR: <input>:1:10: undefined field 'y'")]
    public async Task Refuses_expressions_that_do_not_compile(string spec, string problem)
    {
        var scene = await PolicyScene.CreateAsync(host);
        Assert.Contains(problem, (await scene.TryPolicyAsync("validating", spec)).Expect(422).Message, StringComparison.Ordinal);
    }
}
