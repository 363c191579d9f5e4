using System.Net;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client;
using Flotilla.Controllers;
using Flotilla.Kubeconfigs;
using Flotilla.Local;
using Flotilla.Scheduler;
using Flotilla.Scheduler.Explaining;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>Store, API server, scheduler and controllers, wired. They start in this order and stop in the opposite one.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly SqliteStore store;
    private readonly List<BackgroundService> services = [];

    public ControlPlane(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        Identity = IdentityFor(settings, time);
        store = SqliteStore.Open(settings.Database, new StorageOptions(), time);
        var options = new ApiServerOptions
        {
            Port = settings.ApiPort,
            PodCidr = settings.PodCidr,
            ServiceCidr = settings.ServiceCidr,
            AdvertiseAddress = MachineAddresses.Primary(),
            ClusterDns = NodeComposition.ClusterDns(settings),
            Audit = AccessComposition.AuditFor(settings),
            OpenId = AccessComposition.OpenIdFor(settings.Access),
            TokenWebhookFile = settings.Access.TokenWebhookFile,
            AuthorizationWebhookFile = settings.Access.AuthorizationWebhookFile,
            AdmissionFile = settings.Access.AdmissionFile,
            LocalStorageClass = true,
        };
        Server = new ApiServer(options, store, Identity, time, loggers);
        Informers = new InformerSet(Server.Client, time, loggers);
        services.Add(Informers);
        var scheduler = new SchedulerService(Server.ClientFor("kube-scheduler"), Informers, time, loggers);
        services.Add(scheduler);
        Server.PodExplainer = new PodExplainer(scheduler, Server.Client);
        services.Add(new ControllerSet(new ControllerContext(
            Server.ClientFor("kube-controller-manager"), Informers, time, loggers, new ControllerOptions { RootCertificates = Identity.CaPem, SignCertificate = Identity.SignRequest, SignLegacyToken = Identity.ServiceAccounts.IssueLegacy })));
    }

    public ClusterIdentity Identity { get; }

    public ApiServer Server { get; }

    public InformerSet Informers { get; }

    public static string ServerUrl(ClusterSettings settings) => $"https://127.0.0.1:{settings.ApiPort}";

    public static KubeconfigContext ContextFor(ClusterSettings settings, ClusterIdentity identity) =>
        KubeconfigContext.For(ServerUrl(settings), identity.CaPem, identity.Admin);

    public static ClusterIdentity IdentityFor(ClusterSettings settings, TimeProvider time)
    {
        var services = IPNetwork.Parse(settings.ServiceCidr).BaseAddress.GetAddressBytes();
        services[^1]++;
        string[] names =
        [
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
            "localhost", Environment.MachineName.ToLowerInvariant(), settings.NodeName,
            "127.0.0.1", "::1", new IPAddress(services).ToString(), .. MachineAddresses.All().Select(address => address.ToString()),
        ];
        return ClusterIdentity.LoadOrCreate(settings.IdentityDirectory, names, time);
    }

    /// <summary>From another process, as the administrator.</summary>
    public static HttpObjectClient AdminClient(ClusterSettings settings)
    {
        var identity = IdentityFor(settings, TimeProvider.System);
        return new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = new Uri(ServerUrl(settings)),
            Authorities = new X509Certificate2Collection(identity.CaCertificate),
            ClientCertificate = identity.Admin.Load,
        });
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Server.StartAsync(cancellationToken);
        foreach (var service in services)
        {
            await service.StartAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services.AsEnumerable().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
            service.Dispose();
        }

        await Server.DisposeAsync();
        await store.DisposeAsync();
    }
}
