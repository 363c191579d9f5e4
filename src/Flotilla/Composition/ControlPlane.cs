using System.Net;
using Flotilla.Api.Networks;
using Flotilla.Backups;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Client.Services;
using Flotilla.Controllers;
using Flotilla.Controllers.SeLinuxWarnings;
using Flotilla.Ingress;
using Flotilla.Kubeconfigs;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Node.Joining;
using Flotilla.Scheduler;
using Flotilla.Scheduler.Explaining;
using Flotilla.Server;
using Flotilla.Server.Membership;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Flotilla.Swarm;
using Flotilla.Upgrades;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>Store, API server, scheduler and controllers, wired. They start in this order and stop in the opposite one.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private const int MonitoredInGrace = 8;
    private const int SecureShell = 22;
    private const int NodeServer = 10250;

    private readonly ServiceSet services;
    private readonly ServerList servers;

    /// <param name="store">The caller's.</param>
    public ControlPlane(ClusterSettings settings, IStore store, TimeProvider time, ILoggerFactory loggers)
    {
        Identity = IdentityFor(settings, time);
        Identity.SettleRotation();
        servers = ServersOf(settings);
        var options = new ApiServerOptions
        {
            Port = settings.ApiPort,
            Build = Product.Build,
            ServerName = settings.NodeName,
            PodCidr = settings.PodCidr,
            ServiceCidr = settings.ServiceCidr,
            NetworkBackend = settings.NetworkBackend,
            AdvertiseAddress = OwnAddress(settings),
            ClusterDns = NodeComposition.ClusterDns(settings),
            Audit = AccessComposition.AuditFor(settings),
            OpenId = AccessComposition.OpenIdFor(settings.Access),
            TokenWebhookFile = settings.Access.TokenWebhookFile,
            AuthorizationWebhookFile = settings.Access.AuthorizationWebhookFile,
            AdmissionFile = settings.Access.AdmissionFile,
            LocalStorageClass = true,
            NodeGracePeriod = settings.NodeGracePeriod,
            IngressController = settings.Ingress.Enabled ? IngressOptions.Controller : null,
        };
        Server = new ApiServer(options, store, Identity, time, loggers);
        Informers = new InformerSet(Server.Client, time, loggers);
        services = new ServiceSet(time, loggers.CreateLogger<ServiceSet>());
        services.Add(Informers);
        services.Add(new BackupService(settings, store, time, loggers.CreateLogger<BackupService>()));
        var identity = LeaderService.IdentityOf(settings.NodeName, Identity.ProxyCaPem);
        var scheduler = Lead("kube-scheduler", client => new SchedulerService(client, Informers, time, loggers, SchedulerComposition.OptionsFor(settings)));
        Server.AddMetrics(scheduler.WriteMetrics);
        Server.PodExplainer = new PodExplainer(scheduler, Server.Client);
        var conflicts = settings.WarnsOfSeLinux ? new SeLinuxConflicts() : null;
        if (conflicts is not null)
        {
            Server.AddMetrics(conflicts.Write);
        }

        Lead("kube-controller-manager", client => new ControllerSet(new ControllerContext(client, Informers, time, loggers, ControllersFor(settings, Identity, conflicts))));
        Lead("flotilla-swarm", client => new SwarmController(EngineServer.SwarmOptionsFor(settings), client, Informers, time, loggers));
        if (settings.Ingress.Enabled)
        {
            Lead("flotilla-ingress", client => new IngressController(client, Informers, time, loggers));
        }

        if (settings is { ApiAddress: { } address, NodeBridge: { } bridge })
        {
            var own = new ServerMember(settings.NodeName, OwnAddress(settings).ToString(), settings.ApiPort);
            services.Add(new ApiAddressService(new ApiAddress(address, bridge), own, () => Server.Others, time, loggers.CreateLogger<ApiAddressService>()));
        }

        // Once among all servers: its writes count while its lease is this server's.
        T Lead<T>(string name, Func<IObjectClient, T> make)
            where T : BackgroundService
        {
            var fence = new LeadershipFence(store, name, time, loggers.CreateLogger<LeadershipFence>());
            var component = make(Server.ClientFor(name, () => fence.Current));
            services.Add(new LeaderService(component, fence, name, identity, store.IsShared ? Server.IsGone : null, Server.ClientFor(name), time, loggers));
            return component;
        }
    }

    public ClusterIdentity Identity { get; }

    public ApiServer Server { get; }

    public InformerSet Informers { get; }

    /// <summary>Where the other servers and nodes reach this one.</summary>
    public static IPAddress OwnAddress(ClusterSettings settings) => MachineAddresses.OfServer(settings);

    public static string ServerUrl(ClusterSettings settings) => $"https://{settings.LocalAddress ?? "127.0.0.1"}:{settings.ApiPort}";

    public static KubeconfigContext ContextFor(ClusterSettings settings, ClusterIdentity identity)
    {
        var own = KubeconfigContext.For(settings.ContextName, ServerUrl(settings), identity.CaPem, identity.Admin);
        return settings.ApiAddress is { } any ? own.Through($"https://{any}:{settings.ApiPort}") : own;
    }

    public static ClusterIdentity IdentityFor(ClusterSettings settings, TimeProvider time)
    {
        string[] names =
        [
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
            "localhost", Environment.MachineName.ToLowerInvariant(), settings.NodeName,
            "127.0.0.1", "::1", .. NetworkRanges.Parse(settings.ServiceCidr).Select(range => range.At(1).ToString()), .. MachineAddresses.Of(settings).Select(address => address.ToString()),
            .. ClusterGeneration.NameOf(ClusterGeneration.Read(settings.IdentityDirectory)) is { } generation ? (string[])[generation] : [],
        ];
        return ClusterIdentity.LoadOrCreate(settings.IdentityDirectory, names, time, settings.Seal);
    }

    private static TimeSpan MonitorPeriodFor(TimeSpan grace)
    {
        var usual = new ControllerOptions().NodeMonitorPeriod;
        return grace / MonitoredInGrace < usual ? grace / MonitoredInGrace : usual;
    }

    private static ControllerOptions ControllersFor(ClusterSettings settings, ClusterIdentity identity, SeLinuxConflicts? conflicts) => new()
    {
        SeLinux = conflicts,
        RootCertificates = () => identity.CaPem,
        SignCertificate = identity.SignRequest,
        SignLegacyToken = identity.ServiceAccounts.IssueLegacy,
        PodCidr = settings.PodCidr,
        ServiceCidr = settings.ServiceCidr,
        NodeGracePeriod = settings.NodeGracePeriod,
        NodeMonitorPeriod = MonitorPeriodFor(settings.NodeGracePeriod),
        BalancesLoad = settings.LoadBalancers.Enabled,
        LoadBalancerPool = settings.LoadBalancers.Addresses(),
        NodePorts = [SecureShell, settings.ApiPort, NodeServer, .. settings.Datastore.Etcd is { } etcd ? (int[])[etcd.ClientPort, etcd.PeerPort] : []],
    };

    /// <summary>The server of this machine, then those that it has known.</summary>
    public static ServerList ServersOf(ClusterSettings settings) =>
        new([new DnsEndPoint(settings.LocalAddress ?? "127.0.0.1", settings.ApiPort)], Path.Combine(settings.DataDirectory, "servers"));

    /// <summary>From another process, as the administrator; any server will do.</summary>
    public static HttpObjectClient AdminClient(ClusterSettings settings) => AdminClient(settings, IdentityFor(settings, TimeProvider.System));

    /// <summary>As the administrator, whoever that is at the time; any server will do.</summary>
    public static HttpObjectClient AdminClient(ClusterSettings settings, ClusterIdentity identity) => new(new HttpObjectClientOptions
    {
        Server = NodeJoin.Server,
        Connect = ServersOf(settings).ConnectAsync,
        Authorities = () => identity.Authorities,
        ClientCertificate = () => identity.AdminCertificate,
    });

    /// <summary>The same, of this server alone.</summary>
    public static HttpObjectClient AdminClient(ClusterSettings settings, DnsEndPoint server, TimeSpan patience)
    {
        var identity = IdentityFor(settings, TimeProvider.System);
        return new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = NodeJoin.Server,
            Connect = cancellationToken => ServerList.ConnectAsync(server, cancellationToken),
            Authorities = () => identity.Authorities,
            ClientCertificate = () => identity.AdminCertificate,
            ConnectTimeout = patience,
            RequestTimeout = patience,
        });
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Server.StartAsync(cancellationToken);
        ServerDiscovery.Follow(Informers, servers);
        await services.StartAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await services.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
        await Server.DisposeAsync();
    }
}
