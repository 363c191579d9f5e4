using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Authorization;

public sealed class RbacTests(ApiHost host)
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Reviews = "/apis/authorization.k8s.io/v1";

    [Fact]
    public async Task A_binding_allows_at_once_and_says_why()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "r", """[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]""", "u");
        var review = await ReviewAsync($$$"""{"spec":{"user":"u","resourceAttributes":{"verb":"get","resource":"pods","namespace":"{{{space}}}"} } }""");
        Assert.Equal($$"""{"allowed":true,"reason":"RBAC: allowed by RoleBinding \"b-u/{{space}}\" of Role \"r\" to User \"u\""}""", Readable(review["status"]!));
        var user = host.ClientOf("u");
        (await user.GetAsync($"/api/v1/namespaces/{space}/pods/none")).Expect(404);
        var refused = (await user.GetAsync($"/api/v1/namespaces/{space}/secrets")).Expect(403);
        Assert.Equal($"secrets is forbidden: User \"u\" cannot list resource \"secrets\" in API group \"\" in the namespace \"{space}\"", refused.Message);
    }

    [Fact]
    public async Task Taking_a_binding_away_takes_the_permission_away()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "r", """[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]""", "leaver");
        var user = host.ClientOf("leaver");
        (await user.GetAsync($"/api/v1/namespaces/{space}/pods")).Expect(200);
        (await host.Admin.DeleteAsync($"{Rbac}/namespaces/{space}/rolebindings/b-leaver")).Expect(200);
        await user.EventuallyAsync($"/api/v1/namespaces/{space}/pods", reply => reply.Code == 403);
    }

    [Fact]
    public async Task A_role_in_a_namespace_may_allow_to_read_that_namespace()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "self", """[{"verbs":["get"],"apiGroups":[""],"resources":["namespaces"]}]""", "dweller");
        (await host.ClientOf("dweller").GetAsync($"/api/v1/namespaces/{space}")).Expect(200);
        var refused = (await host.ClientOf("dweller").GetAsync("/api/v1/namespaces/default")).Expect(403);
        Assert.Equal("namespaces \"default\" is forbidden: User \"dweller\" cannot get resource \"namespaces\" in API group \"\" in the namespace \"default\"", refused.Message);
    }

    [Fact]
    public async Task A_missing_role_is_named_in_the_refusal()
    {
        var space = await host.SpaceAsync();
        (await BindAsync(space, "nowhere", "lost")).Expect(201);
        var refused = (await host.ClientOf("lost").GetAsync($"/api/v1/namespaces/{space}/pods")).Expect(403);
        Assert.EndsWith(": RBAC: role.rbac.authorization.k8s.io \"nowhere\" not found", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_are_refused_in_words()
    {
        var refused = (await host.ClientOf("walker").GetAsync("/metrics")).Expect(403);
        Assert.Equal("forbidden: User \"walker\" cannot get path \"/metrics\"", refused.Message);
        var anonymous = (await host.Client(null).GetAsync("/api/v1/nodes")).Expect(403);
        Assert.Equal("nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope", anonymous.Message);
        (await host.Client(null).GetAsync("/livez")).Expect(200);
        (await host.Client(null).GetAsync("/version")).Expect(200);
    }

    [Fact]
    public async Task The_verb_escalate_allows_to_write_rules_one_does_not_hold()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "keeper", """[{"verbs":["create","escalate"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]}]""", "keeper");
        (await host.ClientOf("keeper").PostAsync($"{Rbac}/namespaces/{space}/roles", """{"metadata":{"name":"large"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"]}]}""")).Expect(201);
    }

    [Fact]
    public async Task A_grant_beyond_ones_own_is_refused_with_all_that_is_missing()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "writer", """[{"verbs":["create","update"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]},{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]""", "writer");
        var writer = host.ClientOf("writer", "team");
        (await writer.PostAsync($"{Rbac}/namespaces/{space}/roles", """{"metadata":{"name":"small"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}""")).Expect(201);
        var large = (await writer.PostAsync($"{Rbac}/namespaces/{space}/roles", """{"metadata":{"name":"large"},"rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods","secrets"]}]}""")).Expect(403);
        Assert.Equal(
            "roles.rbac.authorization.k8s.io \"large\" is forbidden: user \"writer\" (groups=[\"team\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}",
            large.Message);
        (await writer.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", Binding("wide", "ClusterRole", "view", "writer"))).Expect(403);
        (await writer.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", Binding("own", "Role", "small", "friend"))).Expect(201);
        var missing = (await writer.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", Binding("gone", "Role", "gone", "friend"))).Expect(404);
        Assert.Equal("roles.rbac.authorization.k8s.io \"gone\" not found", missing.Message);
    }

    [Fact]
    public async Task The_verb_bind_allows_to_bind_what_one_does_not_hold()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "binder", """[{"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["rolebindings"]},{"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["view"]}]""", "binder");
        var binder = host.ClientOf("binder");
        (await binder.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", Binding("one", "ClusterRole", "view", "x"))).Expect(201);
        (await binder.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", Binding("two", "ClusterRole", "edit", "x"))).Expect(403);
    }

    [Fact]
    public async Task An_aggregated_role_follows_its_parts()
    {
        var union = """{"metadata":{"name":"union-of-t"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"t":"part"}}]}}""";
        (await host.Admin.PostAsync($"{Rbac}/clusterroles", union)).Expect(201);
        (await host.Admin.PostAsync($"{Rbac}/clusterroles", """{"metadata":{"name":"part-of-t","labels":{"t":"part"}},"rules":[{"verbs":["get"],"apiGroups":["t.dev"],"resources":["things"]}]}""")).Expect(201);
        await host.Admin.EventuallyAsync($"{Rbac}/clusterroles/union-of-t", reply => (string?)reply["rules"]?[0]?["resources"]?[0] == "things");
        (await host.Admin.DeleteAsync($"{Rbac}/clusterroles/part-of-t")).Expect(200);
        await host.Admin.EventuallyAsync($"{Rbac}/clusterroles/union-of-t", reply => reply["rules"] is null or JsonArray { Count: 0 });
    }

    [Fact]
    public async Task A_user_may_list_their_own_rules()
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "reader", """[{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":["one"]}]""", "reader");
        var reply = (await host.ClientOf("reader").PostAsync($"{Reviews}/selfsubjectrulesreviews", $$$"""{"spec":{"namespace":"{{{space}}}"}}""")).Expect(201);
        var rules = ((JsonArray)reply["status.resourceRules"]!).Select(rule => rule!.ToJsonString()).ToList();
        Assert.Contains("""{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":["one"]}""", rules);
        Assert.Contains("""{"verbs":["create"],"apiGroups":["authentication.k8s.io"],"resources":["selfsubjectreviews"]}""", rules);
        Assert.False((bool)reply["status.incomplete"]!);
        (await host.ClientOf("reader").PostAsync($"{Reviews}/selfsubjectrulesreviews", """{"spec":{}}""")).Expect(400);
    }

    [Theory]
    [InlineData("create", "get")]
    [InlineData("get", "create")]
    public async Task Executing_over_a_web_socket_takes_both_verbs(string held, string lacking)
    {
        var space = await host.SpaceAsync();
        await GrantAsync(space, "exec", $$"""[{"verbs":["{{held}}"],"apiGroups":[""],"resources":["pods/exec"]}]""", $"exec-{held}");
        var refused = (await host.ClientOf($"exec-{held}").GetAsync($"/api/v1/namespaces/{space}/pods/p/exec?command=ls")).Expect(403);
        Assert.Equal($"pods \"p\" is forbidden: User \"exec-{held}\" cannot {lacking} resource \"pods/exec\" in API group \"\" in the namespace \"{space}\"", refused.Message);
    }

    [Fact]
    public async Task A_review_without_a_subject_or_question_is_invalid()
    {
        var reply = (await host.Admin.PostAsync($"{Reviews}/subjectaccessreviews", """{"spec":{}}""")).Expect(422);
        Assert.Contains("exactly one of nonResourceAttributes or resourceAttributes must be specified", reply.Message, StringComparison.Ordinal);
        Assert.Contains("at least one of user or group must be specified", reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_review_asks_about_its_own_namespace()
    {
        var space = await host.SpaceAsync();
        var reply = (await host.Admin.PostAsync($"{Reviews}/namespaces/{space}/localsubjectaccessreviews", """{"spec":{"user":"u","resourceAttributes":{"verb":"get","resource":"pods","namespace":"other"}}}""")).Expect(400);
        Assert.Equal($"spec.resourceAttributes.namespace must match namespace: {space}", reply.Message);
    }

    [Fact]
    public async Task A_review_tells_which_selector_it_could_not_read()
    {
        var status = (await ReviewAsync("""{"spec":{"user":"nobody","resourceAttributes":{"verb":"list","resource":"pods","fieldSelector":{"rawSelector":"&nonsense"}}}}"""))["status"]!;
        Assert.False((bool)status["allowed"]!);
        Assert.StartsWith("spec.resourceAttributes.fieldSelector ignored due to parse error: ", (string?)status["evaluationError"], StringComparison.Ordinal);
    }

    private async Task<JsonObject> ReviewAsync(string body) => (await host.Admin.PostAsync($"{Reviews}/subjectaccessreviews", body)).Expect(201).Body;

    private async Task GrantAsync(string space, string role, [StringSyntax("json")] string rules, string user)
    {
        (await host.Admin.PostAsync($"{Rbac}/namespaces/{space}/roles", $$"""{"metadata":{"name":"{{role}}"},"rules":{{rules}}}""")).Expect(201);
        (await BindAsync(space, role, user)).Expect(201);
    }

    private Task<Reply> BindAsync(string space, string role, string user) => host.Admin.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", Binding($"b-{user}", "Role", role, user));

    private static string Binding(string name, string kind, string role, string user) =>
        $$"""{"metadata":{"name":"{{name}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{kind}}","name":"{{role}}"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{user}}"}]}""";

    private static string Readable(JsonNode node) => node.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
