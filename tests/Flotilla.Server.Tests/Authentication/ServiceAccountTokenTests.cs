using System.Buffers.Text;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Authentication;

public sealed class ServiceAccountTokenTests(ApiHost host)
{
    private const string Reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    private const string Issuer = "https://kubernetes.default.svc.cluster.local";

    [Fact]
    public async Task A_token_bound_to_a_pod_names_pod_and_node_and_ends_with_it()
    {
        var space = await SpaceAsync();
        var pod = (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", """{"metadata":{"name":"p"},"spec":{"nodeName":"n1","terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        var token = await RequestAsync(space, """{"spec":{"expirationSeconds":3607,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}}""");
        var user = (await ReviewAsync(token))["user"]!;
        Assert.Equal($"system:serviceaccount:{space}:default", (string?)user["username"]);
        Assert.Equal($"""["system:serviceaccounts","system:serviceaccounts:{space}","system:authenticated"]""", user["groups"]!.ToJsonString());
        var extra = (JsonObject)user["extra"]!;
        Assert.Equal(["authentication.kubernetes.io/credential-id", "authentication.kubernetes.io/node-name", "authentication.kubernetes.io/pod-name", "authentication.kubernetes.io/pod-uid"], extra.Select(pair => pair.Key));
        Assert.Equal((string?)pod["metadata.uid"], (string?)extra["authentication.kubernetes.io/pod-uid"]![0]);
        Assert.Equal($"JTI={Payload(token)["jti"]}", (string?)extra["authentication.kubernetes.io/credential-id"]![0]);

        (await host.Admin.DeleteAsync($"/api/v1/namespaces/{space}/pods/p")).Expect(200);
        Assert.Equal("[invalid bearer token, service account token has been invalidated]", (string?)(await ReviewAsync(token))["error"]);
        (await host.Client(null, token).GetAsync("/api")).Expect(401);
    }

    [Fact]
    public async Task The_token_that_admission_mounts_outlives_clients_that_never_renew()
    {
        var space = await SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        var reply = (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts/default/token", """{"spec":{"expirationSeconds":3607,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}}""")).Expect(201);
        var payload = Payload((string)reply["status.token"]!);
        var told = DateTimeOffset.Parse((string)reply["status.expirationTimestamp"]!, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds();
        Assert.Equal(365 * 24 * 3600, (long)payload["exp"]! - (long)payload["iat"]!);
        Assert.Equal(told, (long)payload["kubernetes.io"]!["warnafter"]!);
    }

    [Fact]
    public async Task A_token_is_reviewed_for_its_audiences()
    {
        var space = await SpaceAsync();
        var token = await RequestAsync(space, """{"spec":{"audiences":["vault","mail"]}}""");
        Assert.Equal("""["vault"]""", (await ReviewAsync(token, "bank", "vault"))["audiences"]!.ToJsonString());
        var refused = await ReviewAsync(token);
        Assert.Null(refused["authenticated"]);
        Assert.Equal($"[invalid bearer token, token audiences [\"vault\" \"mail\"] is invalid for the target audiences [\"{Issuer}\"]]", (string?)refused["error"]);
        Assert.Equal("invalid bearer token", (string?)(await ReviewAsync("nonsense"))["error"]);
    }

    [Fact]
    public async Task A_token_dies_with_its_account()
    {
        var space = await SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts", """{"metadata":{"name":"short"}}""")).Expect(201);
        var token = (string)(await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts/short/token", "{}")).Expect(201)["status.token"]!;
        Assert.True((bool)(await ReviewAsync(token))["authenticated"]!);
        (await host.Admin.DeleteAsync($"/api/v1/namespaces/{space}/serviceaccounts/short")).Expect(200);
        Assert.Equal("[invalid bearer token, serviceaccounts \"short\" not found]", (string?)(await ReviewAsync(token))["error"]);
    }

    [Fact]
    public async Task Tokens_are_bound_only_to_what_fits()
    {
        var space = await SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts", """{"metadata":{"name":"other"}}""")).Expect(201);
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        var path = $"/api/v1/namespaces/{space}/serviceaccounts/other/token";
        Assert.Equal(
            "cannot bind token for serviceaccount \"other\" to pod running with different serviceaccount name.",
            (await host.Admin.PostAsync(path, """{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}}""")).Expect(400).Message);
        Assert.Equal(
            "cannot bind token to object of type /v1, Kind=ConfigMap",
            (await host.Admin.PostAsync(path, """{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"ConfigMap","name":"p"}}}""")).Expect(400).Message);
        Assert.Equal(
            "Operation cannot be fulfilled on Pod \"p\": the UID in the bound object reference (wrong) does not match the UID in record. The object might have been deleted and then recreated",
            (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts/default/token", """{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"wrong"}}}""")).Expect(409).Message);
    }

    [Fact]
    public async Task A_token_signed_before_the_key_was_changed_stays_valid()
    {
        var space = await SpaceAsync();
        var old = await RequestAsync(space, "{}");
        host.Identity.RotateTokenKey();
        var fresh = await RequestAsync(space, "{}");
        Assert.NotEqual(Header(old)["kid"]!.ToString(), Header(fresh)["kid"]!.ToString());
        Assert.True((bool)(await ReviewAsync(old))["authenticated"]!);
        Assert.True((bool)(await ReviewAsync(fresh))["authenticated"]!);
        var keys = ((JsonArray)(await host.Admin.GetAsync("/openid/v1/jwks"))["keys"]!).Select(key => (string?)key!["kid"]);
        Assert.Superset(new HashSet<string?> { (string?)Header(old)["kid"], (string?)Header(fresh)["kid"] }, keys.ToHashSet());
    }

    private async Task<string> SpaceAsync()
    {
        var space = await host.SpaceAsync();
        await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}/serviceaccounts/default", reply => reply.Code == 200);
        return space;
    }

    private async Task<string> RequestAsync(string space, string body) =>
        (string)(await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts/default/token", body)).Expect(201)["status.token"]!;

    private async Task<JsonObject> ReviewAsync(string token, params string[] audiences)
    {
        var spec = new JsonObject { ["token"] = token, ["audiences"] = new JsonArray([.. audiences.Select(name => JsonValue.Create(name))]) };
        return (JsonObject)(await host.Admin.PostAsync(Reviews, new JsonObject { ["spec"] = spec })).Expect(201)["status"]!;
    }

    private static JsonNode Payload(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;

    private static JsonNode Header(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]))!;
}
