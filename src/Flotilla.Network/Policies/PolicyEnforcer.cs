using Flotilla.Api;
using Flotilla.Api.Pods;
using Flotilla.Api.Selectors;
using Flotilla.Client;
using Flotilla.Linux.Commands;
using Flotilla.Network.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>
/// Keeps the kernel's rules equal to the cluster's NetworkPolicies. Each change is one transaction, so that there is no
/// moment without rules; a pod's containers start only when the rules for its addresses are in (<see cref="ReadyAsync"/>).
/// The pods of other nodes are watched only once there is a policy that could name them.
/// </summary>
public sealed partial class PolicyEnforcer : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SyncLimit = TimeSpan.FromSeconds(10);

    private readonly NetworkOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Predicate<Family> seesBridgedPackets;
    private readonly Informer<V1NetworkPolicy> policies;
    private readonly InformerSet informers;
    private readonly Informer<V1Pod> own;
    private readonly Informer<V1Namespace> namespaces;
    private readonly IReadOnlyList<(Family Family, NftTable Table)> tables;
    private readonly DirtyKeys changed;
    private readonly StartingPods starting = new();
    private Informer<V1Pod>? all;
    private bool isBlindnessTold;

    public PolicyEnforcer(
        NetworkOptions options, InformerSet informers, HostCommands commands, Predicate<Family> seesBridgedPackets, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.time = time;
        this.seesBridgedPackets = seesBridgedPackets;
        this.informers = informers;
        logger = loggers.CreateLogger<PolicyEnforcer>();
        policies = informers.Of<V1NetworkPolicy>();
        own = informers.Of<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={options.NodeName}"));
        namespaces = informers.Of<V1Namespace>();
        tables =
        [
            .. options.Families.Select(network => network.Family).Select(family => (
                family, new NftTable(PolicyTable.Name(options, family), PolicyTable.Script(options, family), PolicyTable.Witness, commands, logger))),
        ];
        changed = new DirtyKeys(time, Gather);
    }

    /// <summary>Returns when the rules for a pod of this node with these addresses are in force; at once, where there are no policies.</summary>
    public async Task ReadyAsync(V1Pod pod, IReadOnlyList<string> addresses, CancellationToken cancellationToken)
    {
        await SyncAsync(cancellationToken);
        if (starting.Add(pod, addresses) is { } applied)
        {
            if (policies.List().Count == 0)
            {
                starting.Settle(pod);
                return;
            }

            changed.Poke();
            await applied.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Where no server answers there are no new pods but those of this machine's own manifests, which must not wait for one.</summary>
    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SyncLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await policies.WaitForSyncAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotSynced(logger);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        policies.Subscribe(change => changed.Add(change.Latest.Key()));
        namespaces.Subscribe(change => Changed(change.Old is null || change.New is null || !Labels.AreSame(change.Old.Metadata.Labels, change.New.Metadata.Labels), change.Latest.Key()));
        own.Subscribe(OnOwnPod);
        try
        {
            await policies.WaitForSyncAsync(stoppingToken);
            await own.WaitForSyncAsync(stoppingToken);
            await namespaces.WaitForSyncAsync(stoppingToken);
            changed.Poke();
            while (true)
            {
                if (await changed.TakeAsync(CheckEvery, stoppingToken) is null)
                {
                    foreach (var (_, table) in tables)
                    {
                        await table.CheckAsync(stoppingToken);
                    }
                }

                if (policies.List().Count > 0)
                {
                    await WatchAllAsync(stoppingToken);
                }

                await ApplyAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The rules stay: pods remain guarded while the agent restarts.
        }
    }

    private async Task WatchAllAsync(CancellationToken cancellationToken)
    {
        if (all is null)
        {
            all = informers.Of<V1Pod>();
            all.Subscribe(OnPod);
        }

        await all.WaitForSyncAsync(cancellationToken);
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = starting.Now();
            foreach (var (family, table) in tables)
            {
                table.Rules.Set("policies", null, Compile(family, now));
                await table.ApplyAsync(cancellationToken);
            }

            now.Complete();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Pods that wait go on waiting: without rules they would be open.
            Log.Failed(logger, error is CommandException ? null : error, error.Message);
            await Task.Delay(RetryAfter, time, cancellationToken);
            changed.Poke();
        }
    }

    private RuleSet Compile(Family family, StartingPods.Moment now)
    {
        var known = policies.List();
        if (known.Count == 0 || all is null)
        {
            return new RuleSet();
        }

        if (!seesBridgedPackets(family) && !isBlindnessTold)
        {
            isBlindnessTold = true;
            Log.NotSeen(logger);
        }

        // An address may be another pod's already, while the one that had it is still known.
        var pods = all.List()
            .Concat(now.Unseen(all))
            .OrderByDescending(pod => now.AddressesOf(pod) is not null)
            .ThenByDescending(pod => pod.Metadata.CreationTimestamp)
            .Select(pod => PolicyPod.For(family, pod, options.NodeName, now.AddressesOf(pod)))
            .OfType<PolicyPod>()
            .Concat(family.Has(options.ClusterDnsAddress) ? [PolicyPod.ClusterDns(options)] : [])
            .DistinctBy(pod => pod.Address)
            .ToList();
        return PolicyCompiler.For(family, known, pods, namespaces.List().ToDictionary(space => space.Metadata.Name, space => (IDictionary<string, string>?)space.Metadata.Labels, StringComparer.Ordinal));
    }

    private void OnOwnPod(ObjectChange<V1Pod> change)
    {
        if (change.New is null || (PodAddresses.Of(change.New) is { Count: > 0 } addresses && starting.IsKnown(change.New, addresses)))
        {
            starting.Forget(change.Latest, gone: change.New is null);
        }
    }

    private void OnPod(ObjectChange<V1Pod> change)
    {
        var matters = change is not { Old: { } old, New: { } now }
            || !PodAddresses.Of(old).SequenceEqual(PodAddresses.Of(now), StringComparer.Ordinal)
            || old.Status?.Phase != now.Status?.Phase
            || old.Spec.NodeName != now.Spec.NodeName
            || !Labels.AreSame(old.Metadata.Labels, now.Metadata.Labels);
        Changed(matters && policies.List().Count > 0, change.Latest.Key());
    }

    private void Changed(bool matters, ObjectKey key)
    {
        if (matters)
        {
            changed.Add(key);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Network policies could not be applied; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, Exception? error, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A pod starts with the rules that the kernel has: no server told of network policies yet")]
        public static partial void NotSynced(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "There are network policies, but the kernel has no br_netfilter: they do not guard pods of this node from each other; load the module br_netfilter")]
        public static partial void NotSeen(ILogger logger);
    }
}
