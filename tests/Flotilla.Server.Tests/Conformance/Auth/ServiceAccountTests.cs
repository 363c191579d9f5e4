using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Auth;

public sealed class ServiceAccountTests(ApiHost host)
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, true, true)]
    [InlineData(null, false, false)]
    [InlineData(true, null, true)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, null, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    public async Task Allows_opting_out_of_api_token_automount(bool? pod, bool? account, bool mounted)
    {
        var api = await SpaceAsync();
        (await host.Admin.PostAsync($"{api}/serviceaccounts", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "mount" }, ["automountServiceAccountToken"] = account })).Expect(201);
        var spec = new JsonObject { ["serviceAccountName"] = "mount", ["automountServiceAccountToken"] = pod, ["containers"] = JsonNode.Parse("""[{"name":"c","image":"i"}]""") };
        var made = (await host.Admin.PostAsync($"{api}/pods", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "p" }, ["spec"] = spec })).Expect(201);
        Assert.Equal(mounted, Paths(made).Contains(MountPath));
    }

    [Fact]
    public async Task Mounts_an_api_token_into_pods()
    {
        var api = await SpaceAsync();
        var made = (await host.Admin.PostAsync($"{api}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}],"initContainers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        Assert.Equal("default", (string?)made["spec.serviceAccountName"]);
        Assert.Equal([MountPath, MountPath, MountPath], Paths(made));
        var sources = ((JsonArray)made["spec.volumes.0.projected.sources"]!).Select(source => ((JsonObject)source!).First().Key);
        Assert.Equal(["serviceAccountToken", "configMap", "downwardAPI"], sources);
    }

    [Fact]
    public async Task Mounts_projected_service_account_token()
    {
        var api = await SpaceAsync();
        var made = (await host.Admin.PostAsync($"{api}/pods", """
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"t","mountPath":"/t"}]}],
             "volumes":[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"token","audience":"vault"}}]}}]}}
            """)).Expect(201);
        Assert.Equal("""{"audience":"vault","expirationSeconds":3600,"path":"token"}""", Sorted((JsonObject)made["spec.volumes.0.projected.sources.0.serviceAccountToken"]!));
        var token = (await host.Admin.PostAsync($"{api}/serviceaccounts/default/token", """{"spec":{"audiences":["vault"],"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}}""")).Expect(201);
        Assert.Equal("vault", (string?)token["spec.audiences.0"]);
    }

    [Fact]
    public async Task Creates_a_token_and_ensures_a_successful_review()
    {
        var api = await SpaceAsync();
        (await host.Admin.PostAsync($"{api}/serviceaccounts", """{"metadata":{"name":"e2e"}}""")).Expect(201);
        var token = (string?)(await host.Admin.PostAsync($"{api}/serviceaccounts/e2e/token", "{}")).Expect(201)["status.token"];
        Assert.NotEmpty(token!);
        var review = (await host.Admin.PostAsync("/apis/authentication.k8s.io/v1/tokenreviews", new JsonObject { ["spec"] = new JsonObject { ["token"] = token } })).Expect(201);
        Assert.Null(review["status.error"]);
        Assert.True((bool)review["status.authenticated"]!);
    }

    [Fact]
    public async Task Guarantees_the_root_certificates_in_any_namespace()
    {
        var api = await SpaceAsync();
        var map = $"{api}/configmaps/kube-root-ca.crt";
        await host.Admin.EventuallyAsync(map, reply => reply.Code == 200);
        (await host.Admin.DeleteAsync(map)).Expect(200);
        await host.Admin.EventuallyAsync(map, reply => reply.Code == 200);
        (await host.Admin.PatchAsync(map, """{"data":{"ca.crt":""}}""")).Expect(200);
        await host.Admin.EventuallyAsync(map, reply => reply.Code == 200 && ((string?)reply["data"]!["ca.crt"])!.Length > 0);
    }

    [Fact]
    public async Task Runs_through_the_lifecycle_of_a_service_account()
    {
        var api = await SpaceAsync();
        var list = (await host.Admin.GetAsync($"{api}/serviceaccounts?labelSelector=test=lifecycle")).Expect(200);
        (await host.Admin.PostAsync($"{api}/serviceaccounts", """{"metadata":{"name":"life","labels":{"test":"lifecycle"}}}""")).Expect(201);
        var patched = (await host.Admin.PatchAsync($"{api}/serviceaccounts/life", """{"automountServiceAccountToken":false}""")).Expect(200);
        Assert.False((bool)patched["automountServiceAccountToken"]!);
        var found = (await host.Admin.GetAsync("/api/v1/serviceaccounts?labelSelector=test=lifecycle")).Expect(200);
        Assert.False((bool)found["items.0.automountServiceAccountToken"]!);
        (await host.Admin.DeleteAsync($"{api}/serviceaccounts?labelSelector=test=lifecycle")).Expect(200);
        var types = new List<string>();
        await foreach (var change in host.Admin.WatchAsync($"{api}/serviceaccounts?watch=1&labelSelector=test=lifecycle&resourceVersion={list["metadata.resourceVersion"]}"))
        {
            types.Add((string)change["type"]!);
            if (types[^1] == "DELETED")
            {
                break;
            }
        }

        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], types);
    }

    [Fact]
    public async Task Updates_a_service_account()
    {
        var api = await SpaceAsync();
        var made = (await host.Admin.PostAsync($"{api}/serviceaccounts", """{"metadata":{"name":"update"}}""")).Expect(201).Body;
        made["automountServiceAccountToken"] = true;
        Assert.True((bool)(await host.Admin.PutAsync($"{api}/serviceaccounts/update", made)).Expect(200)["automountServiceAccountToken"]!);
    }

    [Fact]
    public async Task Supports_oidc_discovery_of_service_account_issuer()
    {
        var api = await SpaceAsync();
        var token = (string)(await host.Admin.PostAsync($"{api}/serviceaccounts/default/token", "{}")).Expect(201)["status.token"]!;
        var caller = host.Client(null, token);
        var document = (await caller.GetAsync("/.well-known/openid-configuration")).Expect(200);
        Assert.Equal("https://kubernetes.default.svc.cluster.local", (string?)document["issuer"]);
        Assert.EndsWith("/openid/v1/jwks", (string?)document["jwks_uri"], StringComparison.Ordinal);
        var keys = (await caller.GetAsync("/openid/v1/jwks")).Expect(200);
        Assert.Equal("application/jwk-set+json", keys.ContentHeaders.ContentType!.MediaType);
        Assert.True(IssuerKeys.Verify(token, keys.Body));
        (await host.Client(null).GetAsync("/openid/v1/jwks")).Expect(403);
    }

    private async Task<string> SpaceAsync()
    {
        var api = $"/api/v1/namespaces/{await host.SpaceAsync()}";
        await host.Admin.EventuallyAsync($"{api}/serviceaccounts/default", reply => reply.Code == 200);
        return api;
    }

    private static IReadOnlyList<string> Paths(Reply pod) =>
        [.. ((string[])["initContainers", "containers"]).SelectMany(list => (JsonArray?)pod["spec"]![list] ?? []).SelectMany(container => (JsonArray?)container!["volumeMounts"] ?? []).Select(mount => (string)mount!["mountPath"]!)];

    private static string Sorted(JsonObject map) => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))).ToJsonString();
}
