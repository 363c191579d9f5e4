using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client.Tests.Http;

/// <summary>A client is known by its certificate, and talks to nobody whose certificate another authority signed.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly X509Certificate2 authority = Certificates.Authority("cluster");
    private readonly WebApplication server;
    private string? seen;

    public TlsTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = Certificates.Signed(authority, "127.0.0.1");
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        })));
        server = builder.Build();
        server.Run(async context =>
        {
            seen = $"{context.Connection.ClientCertificate?.Subject} {context.Request.Protocol}";
            await context.Response.WriteAsync("""{"metadata":{"name":"a"}}""");
        });
    }

    public async ValueTask InitializeAsync() => await server.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        authority.Dispose();
    }

    [Fact]
    public async Task The_client_certificate_arrives_and_the_connection_is_http_2()
    {
        using var certificate = Certificates.Signed(authority, "node-1");
        using var client = Connect(authority, certificate);
        Assert.Equal("a", (await client.GetAsync<V1Node>(new ObjectKey(null, "a"), CancellationToken.None)).Metadata.Name);
        Assert.Equal("CN=node-1 HTTP/2", seen);
    }

    [Fact]
    public async Task Another_certificate_and_other_authorities_are_gone_by_from_the_next_request_on()
    {
        using var first = Certificates.Signed(authority, "first");
        using var second = Certificates.Signed(authority, "second");
        using var other = Certificates.Authority("other");
        var (certificate, trusted) = (first, new X509Certificate2Collection(authority));
        using var client = new HttpObjectClient(new HttpObjectClientOptions { Server = new Uri(server.Urls.Single()), Authorities = () => trusted, ClientCertificate = () => certificate });
        await client.GetAsync<V1Node>(new ObjectKey(null, "a"), CancellationToken.None);
        Assert.Equal("CN=first HTTP/2", seen);

        certificate = second;
        await client.GetAsync<V1Node>(new ObjectKey(null, "a"), CancellationToken.None);
        Assert.Equal("CN=second HTTP/2", seen);

        trusted = [other];
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync<V1Node>(new ObjectKey(null, "a"), CancellationToken.None));
    }

    [Fact]
    public async Task Without_a_certificate_it_is_anonymous()
    {
        using var client = Connect(authority, null);
        await client.GetAsync<V1Node>(new ObjectKey(null, "a"), CancellationToken.None);
        Assert.Equal(" HTTP/2", seen);
    }

    [Fact]
    public async Task A_server_of_another_authority_is_refused()
    {
        using var other = Certificates.Authority("other");
        using var client = Connect(other, null);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync<V1Node>(new ObjectKey(null, "a"), CancellationToken.None));
        Assert.Null(seen);
    }

    private HttpObjectClient Connect(X509Certificate2 trusted, X509Certificate2? certificate)
    {
        X509Certificate2Collection authorities = [trusted];
        return new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = new Uri(server.Urls.Single()),
            Authorities = () => authorities,
            ClientCertificate = certificate is null ? null : () => certificate,
        });
    }

    private static class Certificates
    {
        public static X509Certificate2 Authority(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1));
        }

        public static X509Certificate2 Signed(X509Certificate2 authority, string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            if (IPAddress.TryParse(name, out var address))
            {
                var names = new SubjectAlternativeNameBuilder();
                names.AddIpAddress(address);
                request.CertificateExtensions.Add(names.Build());
            }

            var serial = RandomNumberGenerator.GetBytes(8);
            using var certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, serial);
            return certificate.CopyWithPrivateKey(key);
        }
    }
}
