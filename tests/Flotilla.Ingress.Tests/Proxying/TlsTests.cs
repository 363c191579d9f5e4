using System.Net;
using System.Net.WebSockets;
using System.Text;
using k8s.Models;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Flotilla.Ingress.Tests.Proxying;

public sealed class TlsTests
{
    [Fact]
    public async Task The_name_chooses_the_certificate_and_a_new_one_is_taken_at_once()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Certificate("one", "one.test"));
        await world.CreateAsync(Given.Certificate("wild", "*.wild.test"));
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("one.test", Given.Path("/", "web"))]).With(ingress => ingress.Spec.Tls =
        [
            new V1IngressTLS { Hosts = ["one.test"], SecretName = "one" }, new V1IngressTLS { Hosts = ["*.wild.test"], SecretName = "wild" },
            new V1IngressTLS { Hosts = ["missing.test"], SecretName = "missing" },
        ]));

        await World.UntilAsync(() => world.CertificateForAsync("one.test"), subject => subject == "CN=one.test");
        Assert.Equal("CN=*.wild.test", await world.CertificateForAsync("a.wild.test"));
        Assert.Equal("CN=Flotilla Ingress Default Certificate", await world.CertificateForAsync("missing.test"));
        Assert.Equal("CN=Flotilla Ingress Default Certificate", await world.CertificateForAsync("other.test"));
        Assert.Contains("Warning Rejected Ingress site: Secret default/missing does not exist; the default certificate is used", await World.UntilAsync(world.EventsAsync, events => events.Count > 1));

        await world.Client.UpdateAsync(Given.Certificate("one", "renewed.test"), default);
        await World.UntilAsync(() => world.CertificateForAsync("one.test"), subject => subject == "CN=renewed.test");
        await world.CreateAsync(Given.Certificate("missing", "missing.test"));
        await World.UntilAsync(() => world.CertificateForAsync("missing.test"), subject => subject == "CN=missing.test");
        await world.Client.UpdateAsync(Given.Secret("one", ("tls.crt", "damaged"), ("tls.key", "damaged")), default);
        await World.UntilAsync(() => world.CertificateForAsync("one.test"), subject => subject == "CN=Flotilla Ingress Default Certificate");
    }

    [Fact]
    public async Task Who_comes_without_TLS_to_a_host_that_has_it_is_sent_there_unless_that_is_switched_off()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("tls.test", Given.Path("/", "web"))]).With(ingress => ingress.Spec.Tls = [new V1IngressTLS { Hosts = ["tls.test"] }]));
        await world.CreateAsync(Given.Ingress("both", [Given.Rule("both.test", Given.Path("/", "web"))], ("ssl-redirect", "false")).With(ingress => ingress.Spec.Tls = [new V1IngressTLS { Hosts = ["both.test"] }]));
        await world.CreateAsync(Given.Ingress("forced", [Given.Rule("forced.test", Given.Path("/", "web"))], ("force-ssl-redirect", "true")));

        await world.GetAsync("http://both.test/");
        var answer = await world.SendAsync(HttpMethod.Get, "http://tls.test/a%20b?c=d");
        Assert.Equal(308, answer.Code);
        Assert.Equal($"https://tls.test:{world.Options.HttpsPort}/a%20b?c=d", answer.Headers["Location"]);
        Assert.Equal(308, (await world.SendAsync(HttpMethod.Get, "http://forced.test/")).Code);
        var secure = await world.GetAsync("https://tls.test/");
        Assert.Equal((200, "https"), (secure.Code, secure["X-Forwarded-Proto"]));
    }

    [Fact]
    public async Task Clients_may_speak_HTTP_2_and_pods_too()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.ServeAsync("grpc", protocols: HttpProtocols.Http2);
        await world.ServeAsync("h2c", appProtocol: "kubernetes.io/h2c", protocols: HttpProtocols.Http2);
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"), Given.Path("/h2c", "h2c"))]));
        await world.CreateAsync(Given.Ingress("grpc", [Given.Rule("grpc.test", Given.Path("/", "grpc"))], ("backend-protocol", "GRPC")));
        await world.GetAsync("https://site.test/");
        await world.GetAsync("https://grpc.test/");

        using var client = world.NewClient();
        client.DefaultRequestVersion = HttpVersion.Version20;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var plain = await client.GetAsync(new Uri("https://site.test/"));
        Assert.Equal(HttpVersion.Version20, plain.Version);
        Assert.Contains("protocol: HTTP/1.1", await plain.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var body = new StringContent("message");
        using var call = await client.PostAsync(new Uri("https://grpc.test/package.Service/Method"), body);
        Assert.Contains("protocol: HTTP/2", await call.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("0", call.TrailingHeaders.GetValues("grpc-status").Single());
        Assert.Contains("protocol: HTTP/2", await client.GetStringAsync(new Uri("https://site.test/h2c")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws://site.test/")]
    [InlineData("wss://site.test/")]
    public async Task Web_sockets_go_through(string url)
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))]));
        await world.GetAsync("http://site.test/");
        await world.GetAsync("https://site.test/");

        using var client = world.NewClient();
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(url), client, default);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, default);
        var buffer = new byte[16];
        var message = await socket.ReceiveAsync(buffer, default);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, message.Count));
    }
}
