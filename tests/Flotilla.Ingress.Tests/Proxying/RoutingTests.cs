using System.Net;
using System.Net.Sockets;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Metrics;
using k8s.Models;

namespace Flotilla.Ingress.Tests.Proxying;

public sealed class RoutingTests : IDisposable
{
    private readonly DirectoryInfo logs = Directory.CreateTempSubdirectory("flotilla-ingress-");

    public void Dispose() => logs.Delete(recursive: true);

    [Fact]
    public async Task Host_and_path_lead_to_the_pods_of_a_service()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web", pods: 2);
        await world.ServeAsync("api");
        await world.ServeAsync("rest");
        await world.CreateAsync(Given.Ingress("site", [
            Given.Rule("site.test", Given.Path("/", "web"), Given.Path("/api", "api"), Given.Path("/exact", "api", "Exact")),
            Given.Rule("*.wild.test", Given.Path("/", "rest"))]));

        var answer = await world.GetAsync("http://site.test/a%20b?x=1");
        Assert.Equal("/a%20b?x=1", answer["target"]);
        Assert.Equal("site.test", answer["Host"]);
        Assert.Equal("127.0.0.1", answer["X-Forwarded-For"]);
        Assert.Equal("127.0.0.1", answer["X-Real-IP"]);
        Assert.Equal("http", answer["X-Forwarded-Proto"]);
        Assert.Equal("site.test", answer["X-Forwarded-Host"]);
        Assert.Equal(32, answer["X-Request-ID"]!.Length);
        Assert.Equal("api-0", (await world.GetAsync("http://site.test/api/v1"))["backend"]);
        Assert.Equal("api-0", (await world.GetAsync("http://site.test/exact"))["backend"]);
        Assert.StartsWith("web", (await world.GetAsync("http://site.test/apix"))["backend"], StringComparison.Ordinal);
        Assert.Equal("rest-0", (await world.GetAsync("http://a.wild.test/"))["backend"]);
        Assert.Equal(404, (await world.SendAsync(HttpMethod.Get, "http://a.b.wild.test/")).Code);
        Assert.Equal(404, (await world.SendAsync(HttpMethod.Get, "http://other.test/")).Code);

        // In turn.
        var seen = new HashSet<string?>();
        for (var i = 0; i < 4; i++)
        {
            seen.Add((await world.SendAsync(HttpMethod.Get, "http://site.test/"))["backend"]);
        }

        Assert.Equal(["web-0", "web-1"], seen.Order());
    }

    [Fact]
    public async Task What_clients_say_of_themselves_is_not_believed()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule(null, Given.Path("/", "web"))]));

        var answer = await world.GetAsync("http://x.test/", null, ("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-Proto", "https"), ("X-Real-IP", "10.1.2.3"), ("X-Request-ID", "mine"));
        Assert.Equal("127.0.0.1", answer["X-Forwarded-For"]);
        Assert.Equal("http", answer["X-Forwarded-Proto"]);
        Assert.Equal("127.0.0.1", answer["X-Real-IP"]);
        Assert.Equal("mine", answer["X-Request-ID"]);
    }

    [Fact]
    public async Task Default_backends_get_what_no_rule_wants()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.ServeAsync("own");
        await world.ServeAsync("general");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/web", "web"))]).With(ingress => ingress.Spec.DefaultBackend = Given.Backend("own")));
        await world.CreateAsync(Given.Ingress("rest", []).With(ingress => ingress.Spec.DefaultBackend = Given.Backend("general")));

        Assert.Equal("web-0", (await world.GetAsync("http://site.test/web"))["backend"]);
        Assert.Equal("own-0", (await world.GetAsync("http://site.test/"))["backend"]);
        Assert.Equal("general-0", (await world.GetAsync("http://other.test/"))["backend"]);
    }

    [Fact]
    public async Task Endpoints_are_followed_and_those_that_only_serve_are_a_last_resort()
    {
        await using var world = await World.StartAsync();
        var pods = await world.ServeAsync("web", pods: 2);
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))]));
        await world.GetAsync("http://site.test/");

        await world.Client.UpdateAsync(Given.Slice("web", "web-0", pods[0].Port, ready: false), default);
        await Repeatedly(world, "web-1");
        await world.Client.DeleteAsync<V1EndpointSlice>(new ObjectKey("default", "web-1"), null, default);
        await Repeatedly(world, "web-0");
        await world.Client.UpdateAsync(Given.Slice("web", "web-0", pods[0].Port, ready: false, serving: false), default);
        await world.GetAsync("http://site.test/", answer => answer.Code == 503);
    }

    [Fact]
    public async Task A_pod_that_cannot_be_reached_is_passed_over()
    {
        await using var world = await World.StartAsync();
        var pods = await world.ServeAsync("web", pods: 3);
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))]));
        await world.GetAsync("http://site.test/");
        await pods[0].DisposeAsync();

        for (var i = 0; i < 12; i++)
        {
            // A body that was not sent yet can go to another pod too.
            Assert.Equal(200, (await world.SendAsync(i % 2 == 0 ? HttpMethod.Get : HttpMethod.Post, "http://site.test/", i % 2 == 0 ? null : new StringContent("body"))).Code);
        }

        await pods[1].DisposeAsync();
        await pods[2].DisposeAsync();
        Assert.Equal(502, (await world.SendAsync(HttpMethod.Get, "http://site.test/")).Code);
    }

    [Fact]
    public async Task Ingresses_of_other_classes_are_left_alone_and_the_old_annotation_counts()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Class("other", "example.com/other"));
        await world.CreateAsync(Given.Ingress("other", [Given.Rule("other.test", Given.Path("/", "web"))]).With(ingress => ingress.Spec.IngressClassName = "other"));
        await world.CreateAsync(Given.Ingress("none", [Given.Rule("none.test", Given.Path("/", "web"))]).With(ingress => ingress.Spec.IngressClassName = null));
        await world.CreateAsync(Given.Ingress("old", [Given.Rule("old.test", Given.Path("/", "web"))]).With(ingress =>
        {
            ingress.Spec.IngressClassName = null;
            ingress.Metadata.Annotations["kubernetes.io/ingress.class"] = "flotilla";
        }));

        await world.GetAsync("http://old.test/");
        Assert.Equal(404, (await world.SendAsync(HttpMethod.Get, "http://other.test/")).Code);
        Assert.Equal(404, (await world.SendAsync(HttpMethod.Get, "http://none.test/")).Code);
    }

    [Fact]
    public async Task Nothing_listens_without_an_Ingress()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        Assert.False(await IsOpenAsync(world.Options.HttpPort));

        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))]));
        await world.GetAsync("http://site.test/");
        await World.UntilAsync(() => PortsAsync(world), ports => ports == $"80={world.Options.HttpPort},443={world.Options.HttpsPort}" || ports == $"443={world.Options.HttpsPort},80={world.Options.HttpPort}");

        await world.Client.DeleteAsync<V1Ingress>(new ObjectKey("default", "site"), null, default);
        await World.UntilAsync(() => IsOpenAsync(world.Options.HttpPort), open => !open);
        await World.UntilAsync(() => PortsAsync(world), ports => ports is null);
    }

    [Fact]
    public async Task A_port_that_is_taken_does_not_hold_up_the_other_and_is_tried_again()
    {
        using var thief = new TcpListener(IPAddress.Loopback, 0);
        thief.Start();
        await using var world = await World.StartAsync(options => options with { HttpPort = ((IPEndPoint)thief.LocalEndpoint).Port });
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))]));

        await world.GetAsync("https://site.test/");
        thief.Stop();
        await world.GetAsync("http://site.test/");
    }

    [Fact]
    public async Task Metrics_count_by_route_and_status_and_the_access_log_has_a_line_each()
    {
        var log = Path.Combine(logs.FullName, "access.log");
        await using (var world = await World.StartAsync(options => options with { AccessLog = log }))
        {
            await world.ServeAsync("web");
            await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))]));
            await world.GetAsync("http://site.test/");
            await world.SendAsync(HttpMethod.Get, "http://site.test/found?q=1", null, ("User-Agent", "test \"agent\""));
            await world.SendAsync(HttpMethod.Get, "http://other.test/lost");

            // Counted when the client has its answer already.
            var metrics = await World.UntilAsync(() => Task.FromResult(MetricsOf(world)), text => text.Contains("host=\"\",status=\"404\"} ", StringComparison.Ordinal));
            Assert.Contains("flotilla_ingress_requests_total{kind=\"Ingress\",namespace=\"default\",name=\"site\",host=\"site.test\",status=\"200\"} ", metrics, StringComparison.Ordinal);
            Assert.Contains("flotilla_ingress_requests_total{kind=\"\",namespace=\"\",name=\"\",host=\"\",status=\"404\"} ", metrics, StringComparison.Ordinal);
            Assert.Contains("flotilla_ingress_request_duration_seconds_bucket{kind=\"Ingress\",namespace=\"default\",name=\"site\",host=\"site.test\",status=\"200\",le=\"+Inf\"} ", metrics, StringComparison.Ordinal);
        }

        var lines = await File.ReadAllLinesAsync(log);
        var line = Assert.Single(lines, line => line.Contains("/found?q=1", StringComparison.Ordinal));
        Assert.Matches("^127.0.0.1 - - \\[.*\\] \"GET /found\\?q=1 HTTP/1.1\" 200 .* \"test \\\\x22agent\\\\x22\" 0 [0-9.]+ \\[default/web:80\\] 127.0.0.1:[0-9]+ site.test [0-9a-f]{32}$", line);
        Assert.Contains(lines, line => line.Contains("/lost", StringComparison.Ordinal) && line.Contains(" 404 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_status_tells_the_addresses_of_the_nodes_and_events_what_is_wrong()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress(
            "site",
            [Given.Rule("site.test", Given.Path("/", "web"), Given.Path("/gone", "gone"))],
            ("limit-rps", "many"), ("configuration-snippet", "x"), ("rewrite-target", "/")));

        await World.UntilAsync(
            async () => (await world.Client.GetAsync<V1Ingress>(new ObjectKey("default", "site"), default)).Status?.LoadBalancer?.Ingress?.Select(point => point.Ip).ToArray() ?? [],
            addresses => addresses is ["192.0.2.10"]);
        var events = await World.UntilAsync(world.EventsAsync, events => events.Count >= 4);
        Assert.Contains("Normal Sync Ingress site: Scheduled for sync", events);
        Assert.Contains("Warning Rejected Ingress site: annotation limit-rps: must be a whole number of at least 1, not \"many\"; it is ignored", events);
        Assert.Contains("Warning Rejected Ingress site: annotation nginx.ingress.kubernetes.io/configuration-snippet is not supported; it is ignored", events);
        Assert.Contains("Warning Rejected Ingress site: Service default/gone does not exist", events);
        Assert.Equal(200, (await world.SendAsync(HttpMethod.Get, "http://site.test/")).Code);
        Assert.Equal(503, (await world.SendAsync(HttpMethod.Get, "http://site.test/gone")).Code);
    }

    private static async Task<string?> PortsAsync(World world) =>
        (await world.Client.GetAsync<V1Node>(new ObjectKey(null, Given.Node), default)).Metadata.Annotations?.TryGetValue(LoadBalancing.IngressPortsAnnotation, out var ports) == true ? ports : null;

    private static async Task<bool> IsOpenAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Until nobody but <paramref name="backend"/> answers.</summary>
    private static async Task Repeatedly(World world, string backend) => await World.UntilAsync(
        async () => (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.SendAsync(HttpMethod.Get, "http://site.test/")))).Select(answer => answer["backend"]).ToHashSet(),
        seen => seen.SetEquals([backend]));

    private static string MetricsOf(World world)
    {
        var text = new MetricsText();
        world.Proxy.Metrics.Write(text);
        return text.ToString();
    }
}
