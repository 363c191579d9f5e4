using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Flotilla.Client;
using Flotilla.Controllers;
using Flotilla.Scheduler;
using Flotilla.Server.Identity;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(ApiHost))]

namespace Flotilla.Server.Tests.Harness;

/// <summary>
/// A control plane of its own in this process, without a node: API server over a store in memory, scheduler and
/// controllers, reached over TLS as any client would. All tests of the assembly share one; each works in a namespace
/// of its own.
/// </summary>
public sealed class ApiHost : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-api-");
    private readonly List<BackgroundService> services = [];
    private readonly MemoryStore store = new();
    private int spaces;

    public ApiHost()
    {
        Port = FreePort();
        Identity = ClusterIdentity.LoadOrCreate(directory.FullName, ["127.0.0.1", "localhost"], TimeProvider.System);
        var options = new ApiServerOptions { Port = Port, BindAddress = IPAddress.Loopback, AdvertiseAddress = IPAddress.Parse("192.0.2.10"), AdmissionFile = AdmissionFile() };
        Server = new ApiServer(options, store, Identity, TimeProvider.System, NullLoggerFactory.Instance);
        var informers = new InformerSet(Server.Client, TimeProvider.System, NullLoggerFactory.Instance);
        services.Add(informers);
        services.Add(new SchedulerService(Server.ClientFor("kube-scheduler"), informers, TimeProvider.System, NullLoggerFactory.Instance));
        services.Add(new ControllerSet(new ControllerContext(
            Server.ClientFor("kube-controller-manager"), informers, TimeProvider.System, NullLoggerFactory.Instance, new ControllerOptions { RootCertificates = () => Identity.CaPem, SignCertificate = Identity.SignRequest, SignLegacyToken = Identity.ServiceAccounts.IssueLegacy })));
        Admin = Client(Identity.Admin);
    }

    private string AdmissionFile()
    {
        var file = Path.Combine(directory.FullName, "admission.yaml");
        File.WriteAllText(file, """
            apiVersion: apiserver.config.k8s.io/v1
            kind: AdmissionConfiguration
            plugins:
              - name: PodSecurity
                configuration:
                  apiVersion: pod-security.admission.config.k8s.io/v1
                  kind: PodSecurityConfiguration
                  exemptions: {usernames: [exempt-user], namespaces: [exempt-space], runtimeClasses: [exempt-class]}
            """);
        return file;
    }

    public int Port { get; }

    public ClusterIdentity Identity { get; }

    public ApiServer Server { get; }

    public IStore Store => store;

    /// <summary>The cluster's administrator.</summary>
    public ApiCaller Admin { get; }

    /// <summary>A client that shows the given certificate, or none.</summary>
    public ApiCaller Client(IssuedCertificate? certificate, string? bearer = null)
    {
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Issuer == Identity.CaCertificate.Subject;
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate.Load(), null);
        }

        return new ApiCaller(new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}"), Timeout = TimeSpan.FromSeconds(60) }, bearer);
    }

    /// <summary>A client whose certificate names this user and groups.</summary>
    public ApiCaller ClientOf(string user, params string[] groups) => Client(Identity.IssueClientCertificate(user, groups, TimeSpan.FromHours(1)));

    /// <summary>Makes a namespace that no other test uses, with all that controllers put into it, and returns its name.</summary>
    public async Task<string> SpaceAsync(string hint = "t")
    {
        var name = $"{hint}-{Interlocked.Increment(ref spaces)}";
        (await Admin.PostAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Expect(201);
        await Admin.EventuallyAsync($"/api/v1/namespaces/{name}/serviceaccounts/default", reply => reply.Code == 200);
        await Admin.EventuallyAsync($"/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt", reply => reply.Code == 200);
        return name;
    }

    public async ValueTask InitializeAsync()
    {
        await Server.StartAsync(CancellationToken.None);
        foreach (var service in services)
        {
            await service.StartAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services.AsEnumerable().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
            service.Dispose();
        }

        await Server.StopAsync(CancellationToken.None);
        await Server.DisposeAsync();
        await store.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
