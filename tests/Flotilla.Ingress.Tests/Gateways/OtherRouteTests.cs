using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Tests.Proxying;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Flotilla.Ingress.Tests.Gateways;

public sealed class OtherRouteTests
{
    [Fact]
    public async Task Calls_of_gRPC_go_by_service_method_and_header()
    {
        await using var world = await World.StartAsync();
        foreach (var service in (string[])["any", "service", "method", "header", "pattern"])
        {
            await world.ServeAsync(service, protocols: HttpProtocols.Http2);
        }

        await CreateAsync<Gateway>(world, Gateway("""{"name": "http", "port": 80, "protocol": "HTTP"}"""));
        await CreateAsync<GrpcRoute>(world, Route("GRPCRoute", "calls", $$"""
            {"backendRefs": [{"name": "any", "port": 80}]},
            {"matches": [{"method": {"service": "shop.Cart"} }], "backendRefs": [{"name": "service", "port": 80}]},
            {"matches": [{"method": {"service": "shop.Cart", "method": "Add"} }], "backendRefs": [{"name": "method", "port": 80}]},
            {"matches": [{"method": {"service": "shop.Cart"}, "headers": [{"name": "x-version", "value": "2"}]}], "backendRefs": [{"name": "header", "port": 80}]},
            {"matches": [{"method": {"type": "RegularExpression", "service": "(?:a|b)\\.Pay", "method": "Card.*"} }], "backendRefs": [{"name": "pattern", "port": 80}]},
            {"matches": [{"method": {"service": "gone.Service"} }], "backendRefs": [{"name": "gone", "port": 80}]}
            """));

        // Without TLS, since nothing but gRPC is expected at this port.
        using var client = world.NewClient();
        Assert.Equal("any-0", await World.UntilAsync(() => CallAsync(client, "/x.Y/Z"), answer => answer == "any-0"));
        Assert.Equal("service-0", await CallAsync(client, "/shop.Cart/Remove"));
        Assert.Equal("any-0", await CallAsync(client, "/shop.Carts/Remove"));
        Assert.Equal("method-0", await CallAsync(client, "/shop.Cart/Add"));
        Assert.Equal("header-0", await CallAsync(client, "/shop.Cart/Remove", ("x-version", "2")));
        Assert.Equal("503", await CallAsync(client, "/gone.Service/Method"));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=False/BackendNotFound", await ConditionsAsync<GrpcRoute>(world, "calls"));
    }

    [Fact]
    public async Task Connections_of_TLS_go_as_they_are_to_the_backend_of_their_name()
    {
        await using var world = await World.StartAsync();
        using var own = CertificateOf("own.test");
        await using var pod = await EchoBackend.StartAsync("own", certificate: own);
        await world.CreateAsync(Given.Slice("own", "own-0", pod.Port));
        await world.CreateAsync(Given.Service("own"));
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Certificate("cert", "ended.test"));
        await CreateAsync<Gateway>(world, Gateway(
            """{"name": "pass", "port": 443, "protocol": "TLS", "hostname": "*.own.test", "tls": {"mode": "Passthrough"} }""",
            """{"name": "end", "port": 443, "protocol": "HTTPS", "hostname": "ended.test", "tls": {"certificateRefs": [{"name": "cert"}]} }"""));
        await CreateAsync<TlsRoute>(world, Route("TLSRoute", "pass", """{"backendRefs": [{"name": "own", "port": 80}]}""", "a.own.test"));
        await CreateAsync<HttpRoute>(world, Route("HTTPRoute", "end", """{"backendRefs": [{"name": "web", "port": 80}]}""", "ended.test"));
        await CreateAsync<TlsRoute>(world, Route("TLSRoute", "lost", """{"backendRefs": [{"name": "lost", "port": 80}]}""", "b.own.test"));
        await CreateAsync<TlsRoute>(world, Route("TLSRoute", "nowhere", """{"backendRefs": [{"name": "own", "port": 80}]}""", "else.test"));

        var answer = await world.GetAsync("https://a.own.test/path");
        Assert.Equal(("own", "a.own.test"), (answer["backend"], answer["server-name"]));
        Assert.Equal("CN=own.test", await world.CertificateForAsync("a.own.test"));
        Assert.Equal("web-0", (await world.GetAsync("https://ended.test/"))["backend"]);
        Assert.Equal("CN=ended.test", await world.CertificateForAsync("ended.test"));
        Assert.Equal(0, (await world.SendAsync(HttpMethod.Get, "https://b.own.test/")).Code);
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", await ConditionsAsync<TlsRoute>(world, "pass"));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=False/BackendNotFound", await ConditionsAsync<TlsRoute>(world, "lost"));
        Assert.Equal("Accepted=False/NoMatchingListenerHostname ResolvedRefs=True/ResolvedRefs", await ConditionsAsync<TlsRoute>(world, "nowhere"));
        var gateway = await world.Client.GetAsync<Gateway>(new ObjectKey("default", "gateway"), default);
        Assert.Equal(["TLSRoute"], gateway.Status!.Listeners![0].SupportedKinds.Select(kind => kind.Kind));
    }

    [Fact]
    public async Task Where_nothing_ends_here_a_name_without_a_route_is_turned_away_and_others_pass_whole()
    {
        await using var world = await World.StartAsync();
        var port = World.FreePort();
        using var pod = new TcpListener(IPAddress.Loopback, 0);
        pod.Start();
        await world.CreateAsync(Given.Slice("raw", "raw-0", ((IPEndPoint)pod.LocalEndpoint).Port));
        await world.CreateAsync(Given.Service("raw"));
        await CreateAsync<Gateway>(world, Gateway($$"""{"name": "pass", "port": {{port}}, "protocol": "TLS", "tls": {"mode": "Passthrough"} }"""));
        await CreateAsync<TlsRoute>(world, Route("TLSRoute", "raw", """{"backendRefs": [{"name": "raw", "port": 80}]}""", "*.raw.test"));

        // Both records of a message that came in two, byte by byte, and what follows it.
        var hello = ClientHelloTests.Hello("x.raw.test", recordBytes: 40);
        // Until the route is known, the name is a stranger's and is turned away.
        using var client = await World.UntilAsync(
            async () =>
            {
                var connecting = new TcpClient();
                await connecting.ConnectAsync(IPAddress.Loopback, port);
                foreach (var piece in hello)
                {
                    await connecting.GetStream().WriteAsync(new[] { piece });
                }

                for (var waited = 0; waited < 50 && !pod.Pending(); waited++)
                {
                    await Task.Delay(20);
                }

                return connecting;
            },
            _ => pod.Pending());

        using var passed = await pod.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(20));
        var received = new byte[hello.Length];
        await passed.GetStream().ReadExactlyAsync(received);
        Assert.Equal(hello, received);
        await passed.GetStream().WriteAsync("answer"u8.ToArray());
        passed.Client.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        Assert.Equal("answer", await reader.ReadToEndAsync());

        using var stranger = new TcpClient();
        await stranger.ConnectAsync(IPAddress.Loopback, port);
        await stranger.GetStream().WriteAsync(ClientHelloTests.Hello("other.test"));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            if (await stranger.GetStream().ReadAsync(new byte[1]) == 0)
            {
                throw new IOException("ended");
            }
        });
    }

    private static async Task<string> CallAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://calls.test{path}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 0]),
        };
        request.Content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/grpc");
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        try
        {
            using var answer = await client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            return answer.StatusCode == HttpStatusCode.OK ? text.Split('\n')[0]["backend: ".Length..] : $"{(int)answer.StatusCode}";
        }
        catch (HttpRequestException early)
        {
            return early.Message;
        }
    }

    private static X509Certificate2 CertificateOf(string host)
    {
        var secret = Given.Certificate("own", host);
        using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(secret.Data["tls.crt"]), Encoding.ASCII.GetString(secret.Data["tls.key"]));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private static string Gateway(params string[] listeners) => $$"""
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway", "namespace": "default"},
         "spec": {"gatewayClassName": "flotilla", "listeners": [{{string.Join(',', listeners)}}]} }
        """;

    private static string Route(string kind, string name, string rules, string host = "calls.test") => $$"""
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "{{kind}}", "metadata": {"name": "{{name}}", "namespace": "default"},
         "spec": {"parentRefs": [{"name": "gateway"}], "hostnames": ["{{host}}"], "rules": [{{rules}}]} }
        """;

    private static Task<T> CreateAsync<T>(World world, string json)
        where T : class, IKubernetesObject<V1ObjectMeta> => world.CreateAsync(ObjectJson.Decode<T>(Encoding.UTF8.GetBytes(json)));

    private static async Task<string> ConditionsAsync<T>(World world, string route)
        where T : GatewayRoute
    {
        var found = await World.UntilAsync(() => world.Client.GetAsync<T>(new ObjectKey("default", route), default), found => found.Status?.Parents is { Count: 1 });
        return string.Join(' ', found.Status!.Parents![0].Conditions.Select(condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));
    }
}
