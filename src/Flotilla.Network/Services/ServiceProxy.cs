using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Linux.Commands;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>
/// Keeps the kernel's rules equal to the cluster's Services. Changes are gathered for a moment and become one
/// transaction, made from the services that changed alone; everything is written at the start, and again whenever the
/// table was found altered.
/// </summary>
public sealed partial class ServiceProxy : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private readonly NetworkOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Informer<V1Service> services;
    private readonly Informer<V1EndpointSlice> slices;
    private readonly Informer<V1Pod> pods;
    private readonly Informer<V1Node> nodes;
    private readonly IReadOnlyList<(Family Family, ServiceCompiler Compiler, NftTable Table)> tables;
    private readonly FlowCleaner cleaner;
    private readonly DirtyKeys changedServices;
    private readonly DirtyKeys changedPods;

    public ServiceProxy(
        NetworkOptions options, InformerSet informers, HostCommands commands, Predicate<Family> seesBridgedPackets, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.time = time;
        logger = loggers.CreateLogger<ServiceProxy>();
        services = informers.Of<V1Service>();
        slices = informers.Of<V1EndpointSlice>();
        slices.AddIndex(SliceIndex.ByService, SliceIndex.ServiceOf);
        pods = informers.Of<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={options.NodeName}"));
        nodes = informers.Of<V1Node>(new ListScope(FieldSelector: $"metadata.name={options.NodeName}"));
        tables =
        [
            .. options.Families.Select(network => (
                network.Family,
                new ServiceCompiler(network, options.ClusterDnsAddress),
                new NftTable(BaseTable.Name(options, network.Family), BaseTable.Script(options, network, seesBridgedPackets(network.Family)), Names.Refuse, commands, logger))),
        ];
        cleaner = new FlowCleaner(commands, logger);
        changedServices = new DirtyKeys(time, Gather);
        changedPods = new DirtyKeys(time, TimeSpan.Zero);
    }

    /// <summary>Whether the kernel had the rules of the last change.</summary>
    public bool IsHealthy { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Subscribe(change => changedServices.Add(change.Latest.Key()));
        slices.Subscribe(OnSlice);
        pods.Subscribe(OnPod);
        nodes.Subscribe(OnNode);
        try
        {
            await services.WaitForSyncAsync(stoppingToken);
            await slices.WaitForSyncAsync(stoppingToken);
            await pods.WaitForSyncAsync(stoppingToken);
            await nodes.WaitForSyncAsync(stoppingToken);
            changedServices.Poke();
            while (true)
            {
                await StepAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The rules stay: pods keep their services while the agent restarts.
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        if (await changedServices.TakeAsync(CheckEvery, cancellationToken) is not { } keys)
        {
            // Nothing changed for a while: see that nobody flushed the rules.
            foreach (var (_, _, table) in tables)
            {
                await table.CheckAsync(cancellationToken);
            }

            keys = [];
        }

        try
        {
            var ended = Update(keys, Place());
            foreach (var (_, _, table) in tables)
            {
                await table.ApplyAsync(cancellationToken);
            }

            IsHealthy = true;
            await cleaner.CleanAsync(ended, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Whatever is wrong with the machine now, services must come back by themselves.
            IsHealthy = false;
            Log.Failed(logger, error is CommandException ? null : error, error.Message);
            await Task.Delay(RetryAfter, time, cancellationToken);
            changedServices.Poke();
        }
    }

    /// <summary>Returns UDP ways that lead nowhere any more, or elsewhere.</summary>
    private List<UdpTarget> Update(IEnumerable<ObjectKey> keys, NodePlace node)
    {
        List<UdpTarget> ended = [];
        foreach (var key in keys)
        {
            var service = services.Get(key);
            foreach (var (_, compiler, table) in tables)
            {
                Replace(table, $"service/{key}", service?.Metadata.CreationTimestamp, () =>
                    service is null ? null : compiler.For(service, slices.ByIndex(SliceIndex.ByService, key.ToString()), node));
            }
        }

        foreach (var key in changedPods.TakeNow())
        {
            var pod = pods.Get(key);
            foreach (var (family, _, table) in tables)
            {
                Replace(table, $"pod/{key}", pod?.Metadata.CreationTimestamp, () => pod is null ? null : ServiceCompiler.For(PodPorts.Of(pod, family)));
            }
        }

        return ended;

        void Replace(NftTable table, string owner, DateTime? since, Func<RuleSet?> compile)
        {
            try
            {
                var rules = compile();
                ended.AddRange(FlowCleaner.Ended(table.Rules.Of(owner), rules));
                table.Rules.Set(owner, since, rules);
            }
            catch (Exception error) when (error is FormatException or ArgumentException or NullReferenceException)
            {
                // One object that makes no sense must not stop the others; it keeps the rules it had.
                Log.Senseless(logger, error, owner);
            }
        }
    }

    private NodePlace Place() => new(options.NodeName, ZoneOf(nodes.Get(new ObjectKey(null, options.NodeName))));

    private static string? ZoneOf(V1Node? node) => node?.Metadata.Labels is { } labels && labels.TryGetValue(ZoneLabel, out var zone) ? zone : null;

    private void OnSlice(ObjectChange<V1EndpointSlice> change)
    {
        foreach (var slice in new[] { change.Old, change.New }.OfType<V1EndpointSlice>())
        {
            if (SliceIndex.KeyOf(slice) is { } service)
            {
                changedServices.Add(service);
            }
        }
    }

    private void OnPod(ObjectChange<V1Pod> change)
    {
        if (HasPorts(change.Latest) || HasPorts(change.Old))
        {
            changedPods.Add(change.Latest.Key());
            changedServices.Poke();
        }
    }

    private bool HasPorts(V1Pod? pod) => pod is not null && options.Families.Any(network => PodPorts.Of(pod, network.Family).Any());

    /// <summary>In another zone other endpoints are near.</summary>
    private void OnNode(ObjectChange<V1Node> change)
    {
        if (change.Old is null || ZoneOf(change.Old) == ZoneOf(change.Latest))
        {
            return;
        }

        foreach (var service in services.List())
        {
            changedServices.Add(service.Key());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "No rules can be made of {Owner}; what it had stays")]
        public static partial void Senseless(ILogger logger, Exception error, string owner);

        [LoggerMessage(Level = LogLevel.Error, Message = "Service rules could not be applied; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, Exception? error, string reason);
    }
}
