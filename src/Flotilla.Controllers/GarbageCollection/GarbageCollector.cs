using System.Collections.Concurrent;
using System.Net.Http;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers.GarbageCollection;

/// <summary>
/// Deletes what has lost all its owners, and carries out foreground and orphaning deletions. It watches the metadata
/// of every resource that the cluster serves; its queue holds uids. Before anything is deleted the API itself is
/// asked, for the graph may lag behind.
/// </summary>
internal sealed partial class GarbageCollector : Controller
{
    private static readonly TimeSpan DiscoverEvery = TimeSpan.FromSeconds(30);

    private readonly InformerSet informers;
    private readonly OwnerGraph graph = new();
    private readonly Dictionary<ResourceType, DiscoveredResource> watched = [];
    private readonly ConcurrentDictionary<string, byte> undecided = new(StringComparer.Ordinal);
    private readonly AbsentOwners absent = new();
    private IReadOnlyList<DiscoveredResource> served = [];

    public GarbageCollector(ControllerContext context)
        : base(context, "garbage-collector-controller", workers: 10)
    {
        informers = context.Informers;
    }

    protected override Task RunAsync(CancellationToken stoppingToken) => RepeatAsync(DiscoverEvery, DiscoverAsync, stoppingToken);

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (graph.Get(key.Name) is not { } node)
        {
            return;
        }

        if (node.OrphansDependents)
        {
            await OrphanAsync(node, cancellationToken);
        }
        else if (node.AwaitsDependents)
        {
            await AdvanceForegroundAsync(node, cancellationToken);
        }
        else if (!node.IsDeleting)
        {
            await CollectAsync(node, cancellationToken);
        }
    }

    private async Task DiscoverAsync(CancellationToken cancellationToken)
    {
        var failed = new HashSet<string>(StringComparer.Ordinal);
        served = await Discovery.ReadAsync(Client, failed, cancellationToken);
        var fresh = served
            .Where(IsCollected)
            .Where(resource => !watched.ContainsKey(resource.Type))
            .ToList();
        foreach (var resource in fresh)
        {
            watched.Add(resource.Type, resource);
            informers.Of<ObjectMetadata>(ScopeOf(resource)).Subscribe(change => Changed(resource, change));
        }

        // Owners of a kind that was unknown may be known now.
        foreach (var uid in fresh.Count > 0 ? undecided.Keys : [])
        {
            undecided.TryRemove(uid, out _);
            Queue.Add(new ObjectKey(null, uid));
        }

        foreach (var gone in watched.Values.Where(resource => !served.Any(now => now.Type == resource.Type) && !failed.Contains(resource.Type.ApiVersion)).ToList())
        {
            watched.Remove(gone.Type);
            informers.Stop<ObjectMetadata>(ScopeOf(gone));
        }
    }

    private void Changed(DiscoveredResource resource, ObjectChange<ObjectMetadata> change)
    {
        var affected = change.New is { } now
            ? graph.Set(new Node(resource, now))
            : graph.Remove(change.Latest.Metadata.Uid);
        foreach (var uid in affected)
        {
            Queue.Add(new ObjectKey(null, uid));
        }
    }

    private async Task CollectAsync(Node known, CancellationToken cancellationToken)
    {
        if ((await JudgeAsync(known, cancellationToken)).Action == GarbageAction.Keep || await NowAsync(known, cancellationToken) is not { } node)
        {
            return;
        }

        // Its owners may have let go of it since the graph heard of it.
        var verdict = await JudgeAsync(node, cancellationToken);
        switch (verdict.Action)
        {
            case GarbageAction.DropReferences:
                await PatchAsync(node, new { ownerReferences = verdict.Keep }, cancellationToken);
                break;
            case GarbageAction.DeleteBackground:
                await DeleteAsync(node, "Background", cancellationToken);
                break;
            case GarbageAction.DeleteForeground:
                await BreakCircleAsync(node, cancellationToken);
                await DeleteAsync(node, "Foreground", cancellationToken);
                break;
            case GarbageAction.DeleteOrphan:
                await DeleteAsync(node, "Orphan", cancellationToken);
                break;
        }
    }

    private async Task<Verdict> JudgeAsync(Node node, CancellationToken cancellationToken)
    {
        var owners = new List<(V1OwnerReference, OwnerState)>();
        foreach (var reference in node.Owners)
        {
            owners.Add((reference, await StateOfAsync(node, reference, cancellationToken)));
        }

        return Verdict.For(node, owners, graph.DependentsOf(node.Uid).Count > 0);
    }

    /// <summary>The object as the API has it; null: it is gone, or another has its name.</summary>
    private async Task<Node?> NowAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            var path = node.Resource.PathOf(node.Namespace, node.Object.Metadata.Name);
            var found = ObjectJson.Decode<ObjectMetadata>(await Client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken));
            return found.Metadata.Uid == node.Uid ? new Node(node.Resource, found) : null;
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Two that own each other would wait for each other forever.</summary>
    private async Task BreakCircleAsync(Node node, CancellationToken cancellationToken)
    {
        if (graph.DependentsOf(node.Uid).Any(dependent => dependent.AwaitsDependents))
        {
            var unblocking = node.Owners.Select(owner => owner with { BlockOwnerDeletion = false });
            await PatchAsync(node, new { ownerReferences = unblocking }, cancellationToken);
        }
    }

    private async Task AdvanceForegroundAsync(Node node, CancellationToken cancellationToken)
    {
        var blocking = graph.DependentsOf(node.Uid).Where(node.IsBlockedBy).ToList();
        if (blocking.Count == 0)
        {
            await RemoveFinalizerAsync(node, Node.ForegroundFinalizer, cancellationToken);
            return;
        }

        foreach (var dependent in blocking.Where(dependent => !dependent.IsDeleting))
        {
            Queue.Add(new ObjectKey(null, dependent.Uid));
        }
    }

    private async Task OrphanAsync(Node node, CancellationToken cancellationToken)
    {
        foreach (var dependent in await DependentsNowAsync(node, cancellationToken))
        {
            var others = dependent.Owners.Where(owner => owner.Uid != node.Uid).ToList();
            await PatchAsync(dependent, new { ownerReferences = others }, cancellationToken);
        }

        await RemoveFinalizerAsync(node, Node.OrphanFinalizer, cancellationToken);
    }

    /// <summary>
    /// Asks the API, since the graph may not know yet what was made just before the owner's deletion, and what is missed
    /// here is collected.
    /// </summary>
    private async Task<List<Node>> DependentsNowAsync(Node owner, CancellationToken cancellationToken)
    {
        var dependents = new List<Node>();
        foreach (var resource in served.Where(resource => IsCollected(resource) && (resource.IsNamespaced || owner.Namespace is null)))
        {
            try
            {
                var list = await Client.ListAsync<ObjectMetadata>(ScopeOf(resource) with { Namespace = owner.Namespace }, cancellationToken);
                dependents.AddRange(list.Items.Select(item => new Node(resource, item)).Where(node => node.Owners.Any(reference => reference.Uid == owner.Uid)));
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // A definition that went away, and all of its objects with it.
                continue;
            }
        }

        return dependents;
    }

    private async Task<OwnerState> StateOfAsync(Node node, V1OwnerReference reference, CancellationToken cancellationToken)
    {
        if (graph.Get(reference.Uid) is { } known)
        {
            return Judge(known, reference);
        }

        if (absent.Has(node.Namespace, reference))
        {
            return OwnerState.Absent;
        }

        if (ResourceOf(reference) is not { } resource || (resource.IsNamespaced && node.Namespace is null))
        {
            undecided[node.Uid] = 0;
            Log.OwnerUnknown(Logger, node.Object.Metadata.Name, reference.ApiVersion, reference.Kind, reference.Name);
            return OwnerState.Unknown;
        }

        try
        {
            var path = resource.PathOf(resource.IsNamespaced ? node.Namespace : null, reference.Name);
            var found = ObjectJson.Decode<ObjectMetadata>(await Client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken));
            if (found.Metadata.Uid == reference.Uid)
            {
                return Judge(new Node(resource, found), reference);
            }
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            Log.OwnerGone(Logger, node.Object.Metadata.Name, reference.Kind, reference.Name);
        }

        absent.Add(node.Namespace, reference);
        return OwnerState.Absent;
    }

    private static OwnerState Judge(Node owner, V1OwnerReference reference) =>
        owner.AwaitsDependents && reference.BlockOwnerDeletion == true ? OwnerState.Waiting : OwnerState.Solid;

    private DiscoveredResource? ResourceOf(V1OwnerReference reference)
    {
        var group = reference.ApiVersion.Contains('/', StringComparison.Ordinal) ? reference.ApiVersion.Split('/')[0] : "";
        return served.FirstOrDefault(resource =>
            resource.Type.Kind == reference.Kind && resource.Type.Group == group && resource.Verbs.Contains("get"));
    }

    private async Task DeleteAsync(Node node, string policy, CancellationToken cancellationToken)
    {
        Log.Deleting(Logger, node.Resource.GroupResource, node.Namespace, node.Object.Metadata.Name, policy);
        var options = new V1DeleteOptions
        {
            ApiVersion = "v1",
            Kind = "DeleteOptions",
            PropagationPolicy = policy,
            Preconditions = new V1Preconditions { Uid = node.Uid, ResourceVersion = node.Object.Metadata.ResourceVersion },
        };
        await SendAsync(node, HttpMethod.Delete, "application/json", ObjectJson.Encode(options), cancellationToken);
    }

    private Task RemoveFinalizerAsync(Node node, string finalizer, CancellationToken cancellationToken) =>
        PatchAsync(node, new { finalizers = node.Object.Metadata.Finalizers.Where(other => other != finalizer) }, cancellationToken);

    /// <summary>Merges into the metadata, if the object is still as the graph knows it; a conflict is retried with fresher knowledge.</summary>
    private Task PatchAsync(Node node, object change, CancellationToken cancellationToken)
    {
        var metadata = JsonSerializer.SerializeToNode(change, ObjectJson.Options)!.AsObject();
        metadata["uid"] = node.Uid;
        metadata["resourceVersion"] = node.Object.Metadata.ResourceVersion;
        var body = JsonSerializer.SerializeToUtf8Bytes(new { metadata }, ObjectJson.Options);
        return SendAsync(node, HttpMethod.Patch, "application/merge-patch+json", body, cancellationToken);
    }

    private async Task SendAsync(Node node, HttpMethod method, string contentType, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            var path = node.Resource.PathOf(node.Namespace, node.Object.Metadata.Name);
            await Client.SendAsync(method, path, contentType, body, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // As wanted, or about to be.
        }
        catch (ApiException other) when (other.IsConflict && method == HttpMethod.Delete)
        {
            // It has changed, or another object has the name now; the watch tells, and it is looked at again.
        }
    }

    private static bool IsCollected(DiscoveredResource resource) => !resource.IsEvents && resource.Verbs.IsSupersetOf(["list", "watch", "delete"]);

    private static ListScope ScopeOf(DiscoveredResource resource) => new(Resource: resource.Type);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Deleting {Resource} {Namespace}/{Name}, whose owners are gone ({Policy})")]
        public static partial void Deleting(ILogger logger, string resource, string? @namespace, string name, string policy);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Name} was owned by {Kind} {Owner}, which is gone")]
        public static partial void OwnerGone(ILogger logger, string name, string kind, string owner);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Name} has an owner that cannot be looked up: {ApiVersion} {Kind} {Owner}")]
        public static partial void OwnerUnknown(ILogger logger, string name, string apiVersion, string kind, string owner);
    }
}
