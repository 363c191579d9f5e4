using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Client;
using Flotilla.Client.Explanations;
using Flotilla.Client.Metrics;
using Flotilla.Client.Streams;
using Flotilla.Server.Admission;
using Flotilla.Server.Admission.TypeChecks;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Aggregation;
using Flotilla.Server.Allocation;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication.Tokens;
using Flotilla.Server.Authorities;
using Flotilla.Server.Authorization;
using Flotilla.Server.Bootstrap;
using Flotilla.Server.CustomResources;
using Flotilla.Server.Discovery;
using Flotilla.Server.Fairness;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Server.Joining;
using Flotilla.Server.Membership;
using Flotilla.Server.Nodes;
using Flotilla.Server.Objects;
using Flotilla.Server.OpenApi;
using Flotilla.Server.Proxying;
using Flotilla.Server.ResourceMetrics;
using Flotilla.Server.Reviews;
using Flotilla.Server.Subresources;
using Flotilla.Server.Watching;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server;

/// <summary>
/// The API server: the one place where its parts are joined. It owns the listener and the distribution of changes; the
/// store is the caller's.
/// </summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly ApiServerOptions options;
    private readonly IStore store;
    private readonly WatchHubs hubs;
    private readonly ObjectStore objects;
    private readonly ApiHandler handler;
    private readonly AccessControl access;
    private readonly AuditRecorder audit;
    private readonly FlowControl flows;
    private readonly FlowKeeper flowKeeper;
    private readonly ServerEndpoints endpoints;
    private readonly ServerPeers peers;
    private readonly ServerPresence presence;
    private readonly EncryptionRewrite rewrite;
    private readonly LocalParts local;
    private readonly ServerStatus status;
    private readonly ServiceAllocations allocations;
    private readonly WebhookConnections webhooks;
    private readonly NodeConnections nodes;
    private readonly NodeTunnels tunnels;
    private readonly NodeClient nodeClient;
    private readonly ExplanationAnswers explanations = new();
    private readonly HttpListenerHost listener;
    private readonly TimeProvider time;
    private readonly KindRegistry kinds = new(BuiltInKinds.All);
    private readonly CustomResourceService customResources;
    private readonly WebhookConnections aggregatedServers;
    private readonly ApiServiceService apiServices;
    private readonly PolicyTypeChecks typeChecks;
    private readonly Forwarder forwarder;
    private readonly ProxyRequests proxies;
    private readonly JoinRequests joins;
    private readonly AccessObjects accessObjects;

    public ApiServer(ApiServerOptions options, IStore store, ClusterIdentity identity, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        var encrypted = new EncryptedStore(store, identity.EncryptionKeys, EncryptedPrefixes);
        rewrite = new EncryptionRewrite(encrypted, time, loggers.CreateLogger<EncryptionRewrite>());
        this.store = store = encrypted;
        this.time = time;
        hubs = new WatchHubs(store, loggers.CreateLogger<WatchHubs>());
        allocations = new ServiceAllocations(store, options.ServiceCidr, loggers);
        access = new AccessControl(options, store, identity, time, loggers);
        var authorizer = access.Authorizer;
        var services = new ServiceEndpoints(store);
        webhooks = new WebhookConnections(services);
        var conversions = new ConversionWebhooks(new WebhookClient(webhooks, time));
        var admission = new AdmissionChain([.. DefaultPlugins.Create(store, kinds, authorizer, webhooks, conversions, AdmissionSettings.Load(options.AdmissionFile), time), .. access.Admission], allocations);
        objects = new ObjectStore(store, admission, new ServedForm(conversions), time);
        customResources = new CustomResourceService(objects, kinds, time, loggers.CreateLogger<CustomResourceService>());
        var apis = new AggregatedApis();
        aggregatedServers = new WebhookConnections(services, identity.FrontProxy.Load);
        typeChecks = new PolicyTypeChecks(objects, kinds, time, loggers.CreateLogger<PolicyTypeChecks>());
        apiServices = new ApiServiceService(objects, kinds, apis, new Availability(aggregatedServers, services), time, loggers.CreateLogger<ApiServiceService>());
        forwarder = new Forwarder();
        tunnels = new NodeTunnels(loggers.CreateLogger<NodeTunnels>());
        nodeClient = new NodeClient(identity, objects, tunnels);
        nodes = new NodeConnections(objects, nodeClient, forwarder);
        proxies = new ProxyRequests(kinds, authorizer, admission, new ProxyTargets(objects, services, nodeClient), forwarder);
        audit = new AuditRecorder(options.Audit, time, loggers);
        flows = new FlowControl(store, options.MaxConcurrentRequests, time, loggers.CreateLogger<FlowControl>());
        var members = new ServerMembers(store, time);
        endpoints = new ServerEndpoints(new BuiltInObjects(objects), store, members, options);
        peers = new ServerPeers(members, options.ServerName, identity, time, loggers.CreateLogger<ServerPeers>());
        presence = new ServerPresence(endpoints, new ServerLease(new BuiltInObjects(objects), objects, options, time), peers, time, loggers.CreateLogger<ServerPresence>());
        flowKeeper = new FlowKeeper(flows, new BuiltInObjects(objects), store, time, loggers.CreateLogger<FlowKeeper>());
        var metrics = new RequestMetrics();
        status = new ServerStatus(store, metrics, time, options.Build);
        var reads = new ResourceReads(objects, hubs, time);
        var writes = new ResourceWrites(objects, reads, authorizer, time);
        var pods = new PodActions(objects, admission, time);
        handler = new ApiHandler(
            kinds,
            authorizer,
            new DiscoveryDocuments(kinds, apis, options.AdvertisedAuthority),
            new OpenApiDocuments(kinds, apis, time),
            status,
            new IssuerDiscovery(identity.ServiceAccounts, options.AdvertisedAuthority),
            new ReviewAnswers(new AccessReviews(authorizer), access.Tokens, pods, kinds, time),
            store,
            reads,
            writes,
            new SubresourceAnswers(objects, reads, writes, new ScaleAnswers(objects), pods, new TokenAnswers(objects, admission, identity.ServiceAccounts, time), new LogAnswers(nodes), explanations),
            new MetricsAnswers(objects, reads, new UsageReader(nodeClient, time, loggers.CreateLogger<UsageReader>()), time));
        var streams = new StreamRequests(kinds, authorizer, admission, nodes);
        joins = new JoinRequests(store, identity, access.Certificates, audit, time, loggers.CreateLogger<JoinRequests>());
        accessObjects = new AccessObjects(new BuiltInObjects(objects), identity, options, time);
        local = new LocalParts(handler, objects, hubs, kinds, apis, aggregatedServers, audit, time);
        Client = ClientFor("flotilla");
        Rotation = new AuthorityRotation(identity, accessObjects, Client, new AuthorityRecords(store, members, options.ServerName), time, loggers.CreateLogger<AuthorityRotation>());
        listener = new HttpListenerHost(options, identity, new HttpAdapter(handler, joins, new KeyRequests(identity, audit, loggers.CreateLogger<KeyRequests>()), new AuthorityRequests(Rotation, audit), new TunnelRequests(tunnels, status), streams, new ForwardedRequests(proxies, new AggregatedRequests(apis, authorizer, aggregatedServers, forwarder)), access.Authenticator, audit, new FlowGate(flows, new RequestWidth(store, kinds)), status, metrics, time, loggers.CreateLogger<HttpAdapter>()), loggers);
    }

    /// <summary>What keys in the store begin with whose values are encrypted.</summary>
    public static IReadOnlyList<string> EncryptedPrefixes { get; } = [CoreKinds.Secret.StoragePrefix, AuthorityRecords.Prefix];

    /// <summary>The API in process, as the system itself.</summary>
    public IObjectClient Client { get; }

    /// <summary>A connection to the Docker API of a node, this one or another.</summary>
    public Task<HalfClosingSocket> DockerOfAsync(string node, CancellationToken cancellationToken) => nodes.DockerAsync(node, cancellationToken);

    /// <summary>The streams of this process's node: logs, exec, attach, port-forward. Other nodes are reached by their servers.</summary>
    public LocalStreams? NodeStreams
    {
        get => nodes.Local;
        set => nodes.Local = value;
    }

    /// <summary>Answers <c>pods/NAME/why</c>: the scheduler of this process.</summary>
    public IPodExplainer? PodExplainer
    {
        get => explanations.Explainer;
        set => explanations.Explainer = value;
    }

    /// <summary>Whether a server of this name has been there and does not answer.</summary>
    public bool IsGone(string server) => peers.IsGone(server);

    /// <summary>The other servers that answer; null: this one does not see at present who there is.</summary>
    public IReadOnlyList<ServerMember>? Others => peers.Others;

    /// <summary>Exchanges the cluster's certificate authority.</summary>
    public AuthorityRotation Rotation { get; }

    /// <summary>Lets other servers in; null: there is none but this one.</summary>
    public IServerAdmission? Admission
    {
        get => joins.Admission;
        set => joins.Admission = value;
    }

    /// <summary>Serves the series of another part of the control plane under <c>/metrics</c> too.</summary>
    public void AddMetrics(Action<MetricsText> write) => status.AddMetrics(write);

    /// <summary>Like <see cref="Client"/>, as another part of the control plane: its writes are attributed to it.</summary>
    /// <param name="fence">Under which they count; null: always.</param>
    public IObjectClient ClientFor(string userAgent, Func<Fence?>? fence = null) => new LocalObjectClient(local, RequestUser.Component(userAgent), userAgent, fence);

    /// <summary>For each resource a version after which nothing of it changed, as of now, whichever server wrote: informers of this process that have reached it are current.</summary>
    /// <exception cref="ApiException">503: nobody knows at present.</exception>
    public async Task<IReadOnlyList<long>> NewestChangesAsync(IReadOnlyList<ResourceType> resources, CancellationToken cancellationToken)
    {
        var served = resources.Select(type => kinds.Find(type.Group, type.Version, type.Plural) ?? throw Failures.NoSuchPath());
        var newest = await StoreFailures.TellAsync(() => hubs.NewestAsync(served.Select(kind => (kind.StoredAs ?? kind).StoragePrefix), cancellationToken));
        return [.. newest.Select(revision => revision.Value)];
    }

    /// <summary>Returns once everything stored is served, the first objects exist and the listener is open.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await hubs.StartAsync(cancellationToken);
        await Rotation.CatchUpAsync(cancellationToken);
        await access.StartAsync(cancellationToken);
        await allocations.StartAsync(cancellationToken);

        await new FirstObjects(new BuiltInObjects(objects), options).CreateAsync(cancellationToken);
        await endpoints.EnsureServiceAsync(cancellationToken);
        await accessObjects.EnsureAsync(cancellationToken);
        await customResources.StartAsync(cancellationToken);
        await audit.StartAsync(cancellationToken);
        await flows.StartAsync(cancellationToken);
        await flowKeeper.StartAsync(cancellationToken);
        await rewrite.StartAsync(cancellationToken);
        await apiServices.StartAsync(cancellationToken);
        await typeChecks.StartAsync(cancellationToken);
        await listener.StartAsync(cancellationToken);
        status.SetReady();
        await endpoints.EnsureAsync(cancellationToken);
        await peers.StartAsync(cancellationToken);
        await presence.StartAsync(cancellationToken);
        await Rotation.StartAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        status.SetStopping();
        await Rotation.StopAsync(cancellationToken);
        await presence.StopAsync(cancellationToken);
        await listener.StopAsync(cancellationToken);
        await peers.StopAsync(cancellationToken);
        await audit.StopAsync(cancellationToken);
        await flowKeeper.StopAsync(cancellationToken);
        await flows.StopAsync(cancellationToken);
        await rewrite.StopAsync(cancellationToken);
        await access.StopAsync(cancellationToken);
        await typeChecks.StopAsync(cancellationToken);
        await apiServices.StopAsync(cancellationToken);
        await customResources.StopAsync(cancellationToken);
        await allocations.StopAsync(cancellationToken);
        await hubs.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync();
        proxies.Dispose();
        nodeClient.Dispose();
        await forwarder.DisposeAsync();
        Rotation.Dispose();
        presence.Dispose();
        peers.Dispose();
        typeChecks.Dispose();
        apiServices.Dispose();
        aggregatedServers.Dispose();
        customResources.Dispose();
        webhooks.Dispose();
        await audit.DisposeAsync();
        await allocations.DisposeAsync();
        flowKeeper.Dispose();
        flows.Dispose();
        rewrite.Dispose();
        await access.DisposeAsync();
        hubs.Dispose();
    }
}
