using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Authentication;

public sealed class ImpersonationTests(ApiHost host)
{
    private const string Self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    [Fact]
    public async Task An_administrator_acts_as_anybody()
    {
        var reply = await AskAsync(host.Admin, ("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Uid", "u-1"), ("Impersonate-Extra-Scopes", "view"));
        Assert.Equal("""{"username":"jane","uid":"u-1","groups":["dev","system:authenticated"],"extra":{"scopes":["view"]}}""", reply.Expect(201)["status.userInfo"]!.ToJsonString());
    }

    [Fact]
    public async Task A_service_account_brings_its_groups()
    {
        var reply = await AskAsync(host.Admin, ("Impersonate-User", "system:serviceaccount:kube-system:deployer"));
        Assert.Equal("""["system:serviceaccounts","system:serviceaccounts:kube-system","system:authenticated"]""", reply.Expect(201)["status.userInfo.groups"]!.ToJsonString());
    }

    [Fact]
    public async Task Others_may_not_and_are_told_what_they_lack()
    {
        var user = host.ClientOf("nosy");
        Assert.Equal(
            "users \"jane\" is forbidden: User \"nosy\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            (await AskAsync(user, ("Impersonate-User", "jane"))).Expect(403).Message);
        Assert.Equal(
            "serviceaccounts \"b\" is forbidden: User \"nosy\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"a\"",
            (await AskAsync(user, ("Impersonate-User", "system:serviceaccount:a:b"))).Expect(403).Message);
    }

    [Fact]
    public async Task Each_group_is_a_permission_of_its_own()
    {
        const string rbac = "/apis/rbac.authorization.k8s.io/v1";
        (await host.Admin.PostAsync($"{rbac}/clusterroles", """{"metadata":{"name":"be-jane"},"rules":[{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["jane"]}]}""")).Expect(201);
        (await host.Admin.PostAsync($"{rbac}/clusterrolebindings", """{"metadata":{"name":"be-jane"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"be-jane"},"subjects":[{"kind":"User","name":"twin"}]}""")).Expect(201);
        var twin = host.ClientOf("twin");
        (await AskAsync(twin, ("Impersonate-User", "jane"))).Expect(201);
        Assert.Equal(
            "groups \"system:masters\" is forbidden: User \"twin\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope",
            (await AskAsync(twin, ("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters"))).Expect(403).Message);
    }

    [Fact]
    public async Task Groups_need_a_user()
    {
        var reply = (await AskAsync(host.Admin, ("Impersonate-Group", "dev"))).Expect(500);
        Assert.Contains("requested [dev] without impersonating a user", reply.Text, StringComparison.Ordinal);
    }

    private static Task<Reply> AskAsync(ApiCaller caller, params (string, string)[] headers) =>
        caller.SendBytesAsync(HttpMethod.Post, Self, "{}"u8.ToArray(), ApiCaller.Json, ApiCaller.Json, headers);
}
