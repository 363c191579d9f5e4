using System.Globalization;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Services;
using Flotilla.Client.Joining;
using Flotilla.Local;
using Flotilla.Node;
using Flotilla.Node.Joining;
using Flotilla.Node.Serving;
using Flotilla.Node.Tunnels;
using Flotilla.Swarm;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>This machine as a node of a cluster whose servers are elsewhere. Ending it ends no container.</summary>
internal sealed class Agent : IAsyncDisposable
{
    private static readonly TimeSpan AcceptedWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OldAgain = TimeSpan.FromMinutes(1);

    private readonly ClusterSettings settings;
    private readonly StartupProgress progress;
    private readonly TimeProvider time;
    private readonly ILoggerFactory loggers;
    private readonly NodeIdentity identity;
    private readonly ServerList servers;
    private readonly NodeJoin join;
    private readonly LocalNode node;
    private readonly ServiceSet services;
    private HttpObjectClient? client;
    private HttpObjectClient? sharedClient;
    private (InformerSet Own, SharedAccess Shared)? ingress;
    private EngineServer? docker;
    private ClusterSettings known;
    private long? told;

    public Agent(ClusterSettings settings, StartupProgress progress, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        known = settings;
        this.progress = progress;
        this.time = time;
        this.loggers = loggers;
        services = new ServiceSet(time, loggers.CreateLogger<ServiceSet>());
        identity = new NodeIdentity(settings.IdentityDirectory);
        identity.Generation.Refused = _ => WarnOfOld();
        servers = new ServerList([ServerList.EndPointOf(settings.Agent!.Server)], identity.ServersFile);
        join = new NodeJoin(identity, servers, NodeComposition.NodeOptionsFor(settings), time);
        node = new LocalNode(settings, time, loggers);
    }

    /// <summary>From another process, as this machine's node; null: it has not joined, or its certificate has expired.</summary>
    public static HttpObjectClient? NodeClient(ClusterSettings settings, AgentSettings agent)
    {
        var identity = new NodeIdentity(settings.IdentityDirectory);
        var servers = new ServerList([ServerList.EndPointOf(agent.Server)], identity.ServersFile);
        var join = new NodeJoin(identity, servers, NodeComposition.NodeOptionsFor(settings), TimeProvider.System);
        return join.HasIdentity ? join.Client() : null;
    }

    /// <summary>Until cancelled.</summary>
    /// <param name="token">null: this machine has joined before.</param>
    public async Task RunAsync(JoinToken? token, CancellationToken cancellationToken)
    {
        // What cannot join starts nothing.
        await IdentifyAsync(token, cancellationToken);
        progress.Report($"this machine is node {settings.NodeName} of the cluster");
        await Task.WhenAll(node.StartRuntimeAsync(cancellationToken), StartNodeAsync(cancellationToken));
        progress.Report("container runtime answers");
        await node.StartPodsAsync(cancellationToken);
        await node.StartIngressAsync(client!, ingress!.Value.Own, ingress.Value.Shared, cancellationToken);
        docker = WorkerDocker();
        await docker.StartAsync(cancellationToken);
        progress.Report(StartupProgress.Ready);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await (docker?.DisposeAsync() ?? ValueTask.CompletedTask);
        await node.DisposeAsync();
        await services.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
        sharedClient?.Dispose();
        client?.Dispose();
    }

    private void WarnOfOld()
    {
        if (told is not { } last || time.GetElapsedTime(last) > OldAgain)
        {
            told = time.GetTimestamp();
            loggers.CreateLogger<Agent>().LogOld(string.Join(", ", servers.All.Select(ServerList.Text)));
        }
    }

    // Of the swarm a machine without a server says what Docker's workers say.
    private EngineServer WorkerDocker()
    {
        var self = ingress!.Value.Own.Of<V1Node>(new ListScope(FieldSelector: $"metadata.name={settings.NodeName}"));
        var pods = ingress.Value.Shared.Informers.Of<V1Pod>();
        return new EngineServer(known, node.Volumes, node.LoadImagesAsync, (options, engine) => SwarmEndpoint.WorkerRoutes(options, client!, self, pods, engine, time), time, loggers);
    }

    private async Task StartNodeAsync(CancellationToken cancellationToken)
    {
        client = join.Client();
        var informers = new InformerSet(client, time, loggers);
        await services.StartAsync(informers, cancellationToken);
        var account = new NodeAccountToken(client, time, loggers.CreateLogger<NodeAccountToken>());
        await services.StartAsync(account, cancellationToken);
        sharedClient = join.SharedClient(account);
        var shared = new SharedAccess(sharedClient, new InformerSet(sharedClient, time, loggers));
        await services.StartAsync(shared.Informers, cancellationToken);
        ingress = (informers, shared);
        await services.StartAsync(new CertificateRenewal(identity, NodeComposition.NodeOptionsFor(settings), client, time, loggers.CreateLogger<CertificateRenewal>()), cancellationToken);
        await services.StartAsync(new ServerTunnels(servers, identity, MachineAddresses.OfNode(settings)[0], () => node.Port, time, loggers.CreateLogger<ServerTunnels>()), cancellationToken);
        await services.StartAsync(new AuthorityFollower(identity, join, client, informers, settings.NodeName, time, loggers.CreateLogger<AuthorityFollower>()), cancellationToken);
        ServerDiscovery.Follow(shared.Informers, servers);
        V1ConfigMap facts = null!;
        await WaitAsync(async () => facts = await client.GetAsync<V1ConfigMap>(new ObjectKey(ClusterFacts.Namespace, ClusterFacts.Name), cancellationToken), cancellationToken);
        known = settings with
        {
            PodCidr = facts.Data[ClusterFacts.PodCidr],
            ServiceCidr = facts.Data[ClusterFacts.ServiceCidr],
            NodeGracePeriod = GraceIn(facts) ?? settings.NodeGracePeriod,
            NetworkBackend = facts.Data.TryGetValue(ClusterFacts.NetworkBackend, out var backend) ? backend : settings.NetworkBackend,
        };
        await node.StartNetworkAsync(known, client, informers, new NodeServing(() => identity.Serving!, () => identity.Authorities!), shared, cancellationToken);
        progress.Report("pod network and services are set up");
    }

    private static TimeSpan? GraceIn(V1ConfigMap facts) =>
        facts.Data.TryGetValue(ClusterFacts.NodeGraceSeconds, out var text) && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;

    private async Task IdentifyAsync(JoinToken? token, CancellationToken cancellationToken)
    {
        if (!join.HasIdentity)
        {
            await JoinAsync(
                token ?? throw new UserError("This machine is not (or no longer) part of a cluster; join with: flotilla agent --server URL --token TOKEN (a server prints both with 'flotilla token create')."),
                cancellationToken);
            return;
        }

        // A server that is away is waited for; one that does not know us may still take the token.
        using var probe = join.Client();
        try
        {
            await join.CheckAsync(probe, cancellationToken);
        }
        catch (JoinException) when (token is not null)
        {
            await JoinAsync(token, cancellationToken);
        }
        catch (HttpRequestException)
        {
            loggers.CreateLogger<Agent>().LogWaiting(string.Join(", ", servers.All.Select(ServerList.Text)));
            await WaitAsync(() => join.CheckAsync(probe, cancellationToken), cancellationToken);
        }
    }

    // A server whose clock is behind that of the one which removed a node of this name takes its new certificate for an old one until it has caught up.
    private async Task JoinAsync(JoinToken token, CancellationToken cancellationToken)
    {
        await join.BootstrapAsync(token, cancellationToken);
        using var probe = join.Client();
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                await WaitAsync(() => join.CheckAsync(probe, cancellationToken), cancellationToken);
                return;
            }
            catch (JoinException) when (time.GetElapsedTime(began) < AcceptedWithin)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }

    // A server that goes away in between is another one's turn.
    private async Task WaitAsync(Func<Task> askAsync, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await askAsync();
                return;
            }
            catch (Exception away) when (away is HttpRequestException or TimeoutException or ApiException { Code: >= 500 })
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }
}

internal static partial class AgentLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster went on without one of {Servers} (--force-new-cluster, or a restored backup): this machine takes nothing from it. Delete what that server holds with 'flotilla down --purge' there")]
    public static partial void LogOld(this ILogger logger, string servers);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No server answers at {Servers}; what runs goes on, and the node waits for them")]
    public static partial void LogWaiting(this ILogger logger, string servers);
}
