using Flotilla.Client.Metrics;
using Flotilla.Client.Services;
using Flotilla.Local;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Etcd.Members;
using Flotilla.Storage.Etcd.Running;
using Flotilla.Storage.Etcd.Upkeep;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>
/// The etcd that servers run themselves. The first server begins a cluster of one member; another that has its
/// <see cref="JoinTicket"/> and the authority's files (<see cref="EtcdIdentity.SharedFiles"/> in <see cref="IdentityDirectory"/>)
/// starts as a learner and is promoted before it serves. It ends with the server; killed, the next server takes it over.
/// </summary>
internal sealed partial class ManagedEtcd : IAsyncDisposable
{
    private static readonly TimeSpan RenewInterval = TimeSpan.FromHours(6);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ClusterSettings settings;
    private readonly TimeProvider time;
    private readonly ILoggerFactory loggers;
    private readonly ILogger logger;
    private readonly EtcdIdentity identity;
    private readonly EtcdMemberOptions member;
    private readonly EtcdSupervisor supervisor;
    private readonly ITimer renewal;
    private readonly ServiceSet services;
    private MemberWatch? watch;

    private ManagedEtcd(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        this.time = time;
        this.loggers = loggers;
        logger = loggers.CreateLogger<ManagedEtcd>();
        identity = IdentityFor(settings, time);
        member = MemberFor(settings);
        supervisor = new EtcdSupervisor(member, OptionsFor(settings, identity), time, loggers);
        Cluster = new EtcdCluster(OptionsFor(settings, identity), time, loggers.CreateLogger<EtcdCluster>());
        services = new ServiceSet(time, loggers.CreateLogger<ServiceSet>());
        renewal = time.CreateTimer(_ => Renew(), null, RenewInterval, RenewInterval);
    }

    /// <summary>Its members, to list and to change.</summary>
    public EtcdCluster Cluster { get; }

    /// <summary>As of a few seconds ago; null: not yet known.</summary>
    public ClusterReport? Latest => watch?.Latest;

    /// <summary>Gets a sentence when etcd's space becomes scarce.</summary>
    public Action<string>? Warn { get; set; }

    public static string IdentityDirectory(ClusterSettings settings) => Path.Combine(settings.IdentityDirectory, "etcd");

    /// <summary>Where etcd reads its keys, sealed or not.</summary>
    public static string KeyDirectory(ClusterSettings settings) => Path.Combine(settings.RunDirectory, "etcd");

    public static EtcdIdentity IdentityFor(ClusterSettings settings, TimeProvider time)
    {
        string[] names =
        [
            "localhost", "127.0.0.1", "::1", Environment.MachineName.ToLowerInvariant(), settings.NodeName,
            .. MachineAddresses.Of(settings).Select(address => address.ToString()),
        ];
        Directory.CreateDirectory(settings.RunDirectory);
        return EtcdIdentity.LoadOrCreate(IdentityDirectory(settings), KeyDirectory(settings), names, time, settings.Seal);
    }

    /// <summary>This machine's member; the ports of others may differ.</summary>
    public static EtcdMemberOptions MemberFor(ClusterSettings settings) => new()
    {
        Name = settings.NodeName,
        DataDirectory = Path.Combine(settings.DataDirectory, "etcd"),
        LogFile = Path.Combine(settings.DataDirectory, "etcd.log"),
        ClientAddress = AddressOf(settings, settings.Datastore.Etcd!.ClientPort),
        PeerAddress = AddressOf(settings, settings.Datastore.Etcd.PeerPort),
        Certificates = EtcdIdentity.FilesIn(IdentityDirectory(settings), KeyDirectory(settings)),
        InitialCluster = settings.Datastore.Etcd.InitialCluster,
        QuotaBytes = settings.Datastore.Etcd.QuotaMebibytes * 1024L * 1024,
    };

    /// <summary>For any server's or command's connections: the member of this machine first, then the others.</summary>
    public static EtcdOptions OptionsFor(ClusterSettings settings, EtcdIdentity identity) => new()
    {
        Endpoints = [OwnAddressOf(settings), .. new KnownMembers(settings).Read()],
        Authorities = [identity.CaCertificate],
        ClientCertificate = () => identity.ClientCertificate,
    };

    // Of a machine that is a network namespace, commands come from outside it.
    private static Uri OwnAddressOf(ClusterSettings settings) =>
        MemberFor(settings) is var member && settings.LocalAddress is null ? member.LocalAddress : member.ClientAddress;

    /// <summary>The process of this machine's member; null: it does not run.</summary>
    public static int? FindProcess(ClusterSettings settings) =>
        settings.Datastore.Etcd is null ? null : EtcdProcess.Find(MemberFor(settings));

    /// <summary>To ask for the cluster's members and to change them, from a server or a command on its machine.</summary>
    public static EtcdCluster ClusterFor(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers) =>
        new(OptionsFor(settings, IdentityFor(settings, time)), time, loggers.CreateLogger<EtcdCluster>());

    /// <summary>The settings of a server that was let in; the authority's files must be in place before it starts.</summary>
    public static ClusterSettings Join(ClusterSettings settings, JoinTicket ticket)
    {
        new KnownMembers(settings).Write(ticket.ClientAddresses);
        return settings with { Datastore = settings.Datastore with { Etcd = (settings.Datastore.Etcd ?? new ManagedEtcdSettings()) with { InitialCluster = ticket.InitialCluster } } };
    }

    /// <summary>Returns when this machine's member runs; whether the cluster has a quorum is another question.</summary>
    /// <exception cref="StorageException">It does not start.</exception>
    public static async Task<ManagedEtcd> StartAsync(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        new KnownMembers(settings).CheckData();
        var etcd = new ManagedEtcd(settings, time, loggers);
        try
        {
            await etcd.services.StartAsync(etcd.supervisor, cancellationToken);
            return etcd;
        }
        catch
        {
            await etcd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends what a server that was killed left running.</summary>
    public static async Task EndAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Datastore.Etcd is not null)
        {
            await EtcdProcess.StopAsync(MemberFor(settings), cancellationToken);
        }
    }

    /// <summary>What etcd reads of a server that is locked, and whose etcd does not run.</summary>
    public static void ForgetKeys(ClusterSettings settings) => DataRemoval.Delete(KeyDirectory(settings));

    /// <summary>At its next start this machine's member goes on alone, with all that it knows; the others must never come back as they are.</summary>
    /// <exception cref="UserError">This server runs no etcd.</exception>
    /// <exception cref="StorageException">It has no data to go on with.</exception>
    public static void ForceNewCluster(ClusterSettings settings)
    {
        if (settings.Datastore.Etcd is null)
        {
            throw new UserError("--force-new-cluster is for servers that run etcd; this one does not.");
        }

        MemberFor(settings).ForceNewCluster();
        LeftBehind.GoOn(settings, TimeProvider.System);
    }

    /// <summary>Waits for the other members as long as it takes, since they may be starting too; the log says for whom.</summary>
    /// <param name="waiting">Gets a sentence when there is nobody to work with.</param>
    /// <exception cref="StorageException">This member was removed.</exception>
    public async Task<EtcdStore> OpenAsync(Action<string> waiting, CancellationToken cancellationToken)
    {
        string? told = null;
        while (true)
        {
            try
            {
                await Cluster.EnsureMemberAsync(member, cancellationToken);
                return await EtcdStore.OpenAsync(OptionsFor(settings, identity), new StorageOptions(), time, loggers.CreateLogger<EtcdStore>(), cancellationToken);
            }
            catch (StorageException silent) when (silent is not RemovedMemberException)
            {
                if (supervisor.WasRemoved)
                {
                    throw new RemovedMemberException(settings.NodeName);
                }

                var why = await ProblemAsync(cancellationToken) ?? silent.Message;
                if (why != told)
                {
                    told = why;
                    waiting(why);
                    Log.Waiting(logger, why);
                }
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>From now on the store follows the members, and they are looked after.</summary>
    public async Task ServeAsync(EtcdStore store, CancellationToken cancellationToken)
    {
        watch = new MemberWatch(Cluster, member, Follow, time, loggers.CreateLogger<MemberWatch>());
        var upkeep = new EtcdUpkeep(Cluster, member.LocalAddress, store, new UpkeepOptions { QuotaBytes = member.QuotaBytes }, time, loggers.CreateLogger<EtcdUpkeep>())
        {
            Warn = sentence => Warn?.Invoke(sentence),
        };
        await services.StartAsync(watch, cancellationToken);
        await services.StartAsync(upkeep, cancellationToken);

        void Follow(IReadOnlyList<Uri> addresses)
        {
            store.UseEndpoints(addresses);
            new KnownMembers(settings).Write(addresses.Skip(1));
        }
    }

    public void WriteMetrics(MetricsText text) => EtcdMetrics.Write(text, Latest, member.QuotaBytes);

    public async ValueTask DisposeAsync()
    {
        await services.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
        await renewal.DisposeAsync();
        Cluster.Dispose();
        if (settings.Seal.IsOn)
        {
            ForgetKeys(settings);
        }
    }

    private void Renew()
    {
        try
        {
            identity.Renew();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.NotRenewed(logger, failure.Message);
        }
    }

    private async Task<string?> ProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await Cluster.ListAsync(cancellationToken)).Problem;
        }
        catch (StorageException silent)
        {
            return silent.Message;
        }
    }

    private static Uri AddressOf(ClusterSettings settings, int port) =>
        new UriBuilder("https", settings.LocalAddress ?? NodeAddresses.Parse(settings.NodeIp).Append(MachineAddresses.Primary()).First().ToString(), port).Uri;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for etcd: {Why}")]
        public static partial void Waiting(ILogger logger, string why);

        [LoggerMessage(Level = LogLevel.Error, Message = "etcd's certificates could not be renewed: {Why}")]
        public static partial void NotRenewed(ILogger logger, string why);
    }
}
