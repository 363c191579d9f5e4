using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Tests.Proxying;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Tests.Gateways;

public sealed class GatewayTests
{
    [Fact]
    public async Task Routes_match_by_path_header_query_and_method_the_most_specific_first()
    {
        await using var world = await World.StartAsync();
        foreach (var service in (string[])["root", "prefix", "exact", "header", "query", "method", "pattern"])
        {
            await world.ServeAsync(service);
        }

        await CreateAsync<Gateway>(world, HttpGateway);
        await CreateAsync<HttpRoute>(world, Route("site", "site.test", $$"""
            {"backendRefs": [{{Backend("root")}}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/a"} }], "backendRefs": [{{Backend("prefix")}}]},
            {"matches": [{"path": {"type": "Exact", "value": "/a/b"} }], "backendRefs": [{{Backend("exact")}}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/a"}, "headers": [{"name": "X-Version", "value": "2"}]}], "backendRefs": [{{Backend("header")}}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/a"}, "queryParams": [{"name": "v", "type": "RegularExpression", "value": "[0-9]+"}]}], "backendRefs": [{{Backend("query")}}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/a"}, "method": "DELETE"}], "backendRefs": [{{Backend("method")}}]},
            {"matches": [{"path": {"type": "RegularExpression", "value": "/r[0-9]+"} }], "backendRefs": [{{Backend("pattern")}}]}
            """));

        Assert.Equal("root-0", (await world.GetAsync("http://site.test/"))["backend"]);
        Assert.Equal("prefix-0", (await world.GetAsync("http://site.test/a/x"))["backend"]);
        Assert.Equal("root-0", (await world.GetAsync("http://site.test/ab"))["backend"]);
        Assert.Equal("exact-0", (await world.GetAsync("http://site.test/a/b", null, ("X-Version", "2")))["backend"]);
        Assert.Equal("header-0", (await world.GetAsync("http://site.test/a?v=1", null, ("x-version", "2")))["backend"]);
        Assert.Equal("query-0", (await world.GetAsync("http://site.test/a?v=12"))["backend"]);
        Assert.Equal("prefix-0", (await world.GetAsync("http://site.test/a?v=x"))["backend"]);
        Assert.Equal("method-0", (await world.SendAsync(HttpMethod.Delete, "http://site.test/a"))["backend"]);
        Assert.Equal(404, (await world.SendAsync(HttpMethod.Get, "http://other.test/")).Code);

        // A prefix that the route has too is longer than the pattern's: patterns come last.
        Assert.Equal("root-0", (await world.GetAsync("http://site.test/r1"))["backend"]);
    }

    [Fact]
    public async Task Filters_change_what_is_sent_and_what_comes_back()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        var copy = (await world.ServeAsync("copy"))[0];
        await CreateAsync<Gateway>(world, HttpGateway);
        await CreateAsync<HttpRoute>(world, Route("site", "site.test", $$"""
            {"matches": [{"path": {"type": "PathPrefix", "value": "/headers"} }], "backendRefs": [{{Backend("web")}}], "filters": [
              {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-Set", "value": "set"}], "add": [{"name": "X-Add", "value": "added"}], "remove": ["X-Remove"]} },
              {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "X-Answer", "value": "yes"}], "remove": ["X-Backend"]} }]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/old"} }], "backendRefs": [{{Backend("web")}}], "filters": [
              {"type": "URLRewrite", "urlRewrite": {"hostname": "inside.test", "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"} } }]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/moved"} }], "filters": [
              {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "hostname": "other.test", "statusCode": 301, "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"} } }]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/wait"} }], "backendRefs": [{{Backend("web")}}], "filters": [
              {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/full"} } }]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/mirror"} }], "backendRefs": [{{Backend("web")}}], "filters": [
              {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/wait"} } },
              {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copy", "port": 80} } }]}
            """));

        var answer = await world.GetAsync("http://site.test/headers", null, ("X-Set", "mine"), ("X-Add", "mine"), ("X-Remove", "mine"));
        Assert.Equal(("set", "mine, added", null), (answer["X-Set"], answer["X-Add"]?.Replace(",added", ", added", StringComparison.Ordinal), answer["X-Remove"]));
        Assert.Equal("yes", answer.Headers["X-Answer"]);
        Assert.False(answer.Headers.ContainsKey("X-Backend"));
        answer = await world.GetAsync("http://site.test/old/x?y=1");
        Assert.Equal(("/new/x?y=1", "inside.test"), (answer["target"], answer["Host"]));
        Assert.Equal("/full", (await world.GetAsync("http://site.test/wait"))["target"]);
        answer = await world.SendAsync(HttpMethod.Get, "http://site.test/moved/x?y=1");
        Assert.Equal((301, "https://other.test/x?y=1"), (answer.Code, answer.Headers["Location"]));

        var mirrored = world.SendAsync(HttpMethod.Post, "http://site.test/mirror", new StringContent("body"));
        await World.UntilAsync(() => Task.FromResult(copy.Waiting), waiting => waiting == 1);
        copy.Gate.Release();
        world.Release("web");
        Assert.Equal("4", (await mirrored)["body"]);
    }

    [Fact]
    public async Task Weights_share_and_backends_that_are_not_there_answer_500()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("one");
        await world.ServeAsync("two");
        await CreateAsync<Gateway>(world, HttpGateway);
        await CreateAsync<HttpRoute>(world, Route("site", "site.test", $$"""
            {"matches": [{"path": {"type": "PathPrefix", "value": "/half"} }], "backendRefs": [{"name": "one", "port": 80, "weight": 1}, {"name": "two", "port": 80, "weight": 1}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/all"} }], "backendRefs": [{"name": "one", "port": 80, "weight": 0}, {"name": "two", "port": 80, "weight": 5}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/gone"} }], "backendRefs": [{"name": "gone", "port": 80}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/none"} }]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/wait"} }], "backendRefs": [{{Backend("one")}}], "timeouts": {"request": "300ms"} }
            """));

        await world.GetAsync("http://site.test/half", answer => answer["backend"] == "one-0");
        await world.GetAsync("http://site.test/half", answer => answer["backend"] == "two-0");
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal("two-0", (await world.SendAsync(HttpMethod.Get, "http://site.test/all"))["backend"]);
        }

        Assert.Equal(500, (await world.SendAsync(HttpMethod.Get, "http://site.test/gone")).Code);
        Assert.Equal(500, (await world.SendAsync(HttpMethod.Get, "http://site.test/none")).Code);
        Assert.Equal(504, (await world.SendAsync(HttpMethod.Get, "http://site.test/wait")).Code);
        await ConditionAsync(world, "site", "ResolvedRefs", "False BackendNotFound Service default/gone does not exist");
    }

    [Fact]
    public async Task Listeners_have_hosts_certificates_and_rules_about_who_may_attach()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Certificate("cert", "*.secure.test"));
        await world.CreateAsync(new V1Namespace { ApiVersion = "v1", Kind = "Namespace", Metadata = new V1ObjectMeta { Name = "friends", Labels = new Dictionary<string, string> { ["is"] = "friend" } } });
        await CreateAsync<Gateway>(world, """
            {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway", "namespace": "default"}, "spec": {"gatewayClassName": "flotilla", "listeners": [
              {"name": "http", "port": 80, "protocol": "HTTP"},
              {"name": "secure", "port": 443, "protocol": "HTTPS", "hostname": "*.secure.test", "tls": {"certificateRefs": [{"name": "cert"}]},
               "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"is": "friend"} } } } },
              {"name": "lost", "port": 443, "protocol": "HTTPS", "hostname": "lost.test", "tls": {"certificateRefs": [{"name": "lost"}]} },
              {"name": "tcp", "port": 9000, "protocol": "TCP"}]} }
            """);
        await CreateAsync<HttpRoute>(world, Route("friend", "a.b.secure.test", $$"""{"backendRefs": [{"name": "web", "namespace": "default", "port": 80}]}""").Replace("\"namespace\": \"default\"},", "\"namespace\": \"friends\"},", StringComparison.Ordinal)
            .Replace("\"name\": \"gateway\"", "\"name\": \"gateway\", \"namespace\": \"default\"", StringComparison.Ordinal));
        await CreateAsync<HttpRoute>(world, Route("stranger", "x.secure.test", $$"""{"backendRefs": [{{Backend("web")}}]}""").Replace("\"name\": \"gateway\"", "\"name\": \"gateway\", \"sectionName\": \"secure\"", StringComparison.Ordinal));
        await CreateAsync<HttpRoute>(world, Route("nowhere", "x.secure.test", "{}").Replace("\"name\": \"gateway\"", "\"name\": \"gateway\", \"sectionName\": \"none\"", StringComparison.Ordinal));

        await ConditionAsync(world, "stranger", "Accepted", "False NotAllowedByListeners no listener lets routes of namespace default in");
        await ConditionAsync(world, "nowhere", "Accepted", "False NoMatchingParent the Gateway has no such listener");
        await ConditionAsync(world, "friend", "Accepted", "True Accepted ", "friends");
        await ConditionAsync(world, "friend", "ResolvedRefs", "False RefNotPermitted no ReferenceGrant in default lets an HTTPRoute of friends use Service web", "friends");
        Assert.Equal(500, (await world.GetAsync("https://a.b.secure.test/", answer => answer.Code == 500)).Code);

        await CreateAsync<ReferenceGrant>(world, """
            {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": {"name": "grant", "namespace": "default"}, "spec": {
              "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "friends"}], "to": [{"group": "", "kind": "Service", "name": "web"}]} }
            """);
        await world.GetAsync("https://a.b.secure.test/");
        Assert.Equal("CN=*.secure.test", await world.CertificateForAsync("a.secure.test"));
        await ConditionAsync(world, "friend", "ResolvedRefs", "True ResolvedRefs ", "friends");

        var gateway = await World.UntilAsync(
            () => world.Client.GetAsync<Gateway>(new ObjectKey("default", "gateway"), default),
            gateway => gateway.Status?.Conditions?.Any(condition => condition is { Type: "Programmed", Status: "True" }) == true && gateway.Status.Listeners![1].AttachedRoutes == 1);
        Assert.Equal("192.0.2.10", gateway.Status!.Addresses!.Single().Value);
        Assert.Equal("True", Condition(gateway, 1, "Programmed").Status);
        Assert.Equal("InvalidCertificateRef", Condition(gateway, 2, "ResolvedRefs").Reason);
        Assert.Equal("UnsupportedProtocol", Condition(gateway, 3, "Accepted").Reason);
        Assert.Equal(["HTTPRoute", "GRPCRoute"], gateway.Status.Listeners![0].SupportedKinds.Select(kind => kind.Kind));
        var one = await World.UntilAsync(() => world.Client.GetAsync<GatewayClass>(new ObjectKey(null, "flotilla"), default), one => one.Status?.Conditions is not null);
        Assert.Equal("True", one.Status!.Conditions!.Single(condition => condition.Type == "Accepted").Status);
    }

    [Fact]
    public async Task Gateways_and_Ingresses_share_a_port()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("gateway");
        await world.ServeAsync("ingress");
        await CreateAsync<Gateway>(world, HttpGateway);
        await CreateAsync<HttpRoute>(world, Route("site", "gateway.test", $$"""{"backendRefs": [{{Backend("gateway")}}]}"""));
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("ingress.test", Given.Path("/", "ingress"))]));

        Assert.Equal("gateway-0", (await world.GetAsync("http://gateway.test/"))["backend"]);
        Assert.Equal("ingress-0", (await world.GetAsync("http://ingress.test/"))["backend"]);
        await world.Client.DeleteAsync<V1Ingress>(new ObjectKey("default", "site"), null, default);
        await world.GetAsync("http://ingress.test/", answer => answer.Code == 404);
        Assert.Equal("gateway-0", (await world.GetAsync("http://gateway.test/"))["backend"]);
    }

    private const string HttpGateway = """
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway", "namespace": "default"},
         "spec": {"gatewayClassName": "flotilla", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]} }
        """;

    private static string Backend(string service) => $$"""{"name": "{{service}}", "port": 80}""";

    private static string Route(string name, string host, string rules) => $$"""
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "{{name}}", "namespace": "default"},
         "spec": {"parentRefs": [{"name": "gateway"}], "hostnames": ["{{host}}"], "rules": [{{rules}}]} }
        """;

    private static Task<T> CreateAsync<T>(World world, string json)
        where T : class, IKubernetesObject<V1ObjectMeta> => world.CreateAsync(ObjectJson.Decode<T>(System.Text.Encoding.UTF8.GetBytes(json)));

    private static V1Condition Condition(Gateway gateway, int listener, string type) => gateway.Status!.Listeners![listener].Conditions.Single(condition => condition.Type == type);

    private static Task ConditionAsync(World world, string route, string type, string expected, string space = "default") => World.UntilAsync(
        async () => (await world.Client.GetAsync<HttpRoute>(new ObjectKey(space, route), default)).Status?.Parents?.Single().Conditions
            .Where(condition => condition.Type == type).Select(condition => $"{condition.Status} {condition.Reason} {condition.Message}").Single(),
        text => text == expected);
}
