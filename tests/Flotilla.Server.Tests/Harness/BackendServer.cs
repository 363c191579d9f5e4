using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Tests.Harness;

/// <summary>Some server behind a Service, on loopback: with TLS and a certificate of nobody's, or plain.</summary>
public sealed class BackendServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private readonly X509Certificate2 certificate;

    private BackendServer(bool tls, X509Certificate2 certificate, RequestDelegate answer)
    {
        this.certificate = certificate;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (tls)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.ClientCertificateValidation = (_, _, _) => true;
                });
            }
        }));
        app = builder.Build();
        app.UseWebSockets();
        app.Run(answer);
    }

    private bool IsOwned { get; init; }

    public int Port => new Uri(app.Urls.First()).Port;

    /// <summary>What makes clients believe it, as configurations carry it: PEM in base64.</summary>
    public string CaBundle => Convert.ToBase64String(Encoding.UTF8.GetBytes(certificate.ExportCertificatePem()));

    /// <param name="host">The name in its certificate.</param>
    public static async Task<BackendServer> StartAsync(bool tls, RequestDelegate answer, string host = "backend")
    {
        return await StartAsync(new BackendServer(tls, SelfSigned(host), answer) { IsOwned = true });
    }

    /// <summary>With a certificate of somebody's.</summary>
    public static Task<BackendServer> StartAsync(X509Certificate2 certificate, RequestDelegate answer) => StartAsync(new BackendServer(tls: true, certificate, answer));

    private static async Task<BackendServer> StartAsync(BackendServer server)
    {
        await server.app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>A Service that leads to this server: by name, since endpoints may not be on loopback.</summary>
    public string Service(string name, string portName = "") =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"type":"ExternalName","externalName":"localhost","ports":[{"name":"{{{portName}}}","port":{{{Port}}}}]}}""";

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        (IsOwned ? certificate : null)?.Dispose();
    }

    private static X509Certificate2 SelfSigned(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=backend", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(2));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
