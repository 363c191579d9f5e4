using System.Net.Http;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.ResourceQuotas;

/// <summary>
/// Keeps the status of quotas true: new limits are taken over, and what was deleted or has ended is given back. What
/// is created is charged by the API server itself.
/// </summary>
internal sealed class ResourceQuotaController : Controller
{
    private static readonly TimeSpan RecountEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DiscoverEvery = TimeSpan.FromSeconds(30);

    // Deletions come in bursts; the last of them is counted too.
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(50);

    private readonly InformerSet informers;
    private readonly Informer<V1ResourceQuota> quotas;
    private readonly Informer<V1DeviceClass> classes;
    private readonly HashSet<ResourceType> watched = [];
    private volatile IReadOnlyList<DiscoveredResource> served = [];

    public ResourceQuotaController(ControllerContext context)
        : base(context, "resourcequota-controller", workers: 5)
    {
        informers = context.Informers;
        quotas = Watch<V1ResourceQuota>();
        quotas.Subscribe(QuotaChanged);
        classes = Watch<V1DeviceClass>();
        classes.Subscribe(change => RecountFor(change.Old?.Spec.ExtendedResourceName, change.New?.Spec.ExtendedResourceName));
        Watch<V1Pod>().Subscribe(change =>
        {
            if (change is { Old: { } old, New: { } now } && (!old.IsTerminal() && now.IsTerminal() || !old.IsDeleting() && now.IsDeleting()))
            {
                Enqueue(now.Metadata.NamespaceProperty, Ending(now));
            }
        });
        Watch<V1Service>().Subscribe(change => EnqueueUpdate(change.Old?.Spec.Type != change.New?.Spec.Type || change.Old?.Spec.Ports?.Count != change.New?.Spec.Ports?.Count, change.New));
        Watch<V1PersistentVolumeClaim>().Subscribe(change => EnqueueUpdate(change.Old?.Status?.AllocatedResources?.Count != change.New?.Status?.AllocatedResources?.Count, change.New));
    }

    protected override Task RunAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync(DiscoverEvery, DiscoverAsync, stoppingToken),
        RepeatAsync(RecountEvery, RecountAllAsync, stoppingToken));

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (served.Count == 0)
        {
            await DiscoverAsync(cancellationToken);
        }

        var path = $"/api/v1/namespaces/{key.Namespace}/resourcequotas/{key.Name}";
        JsonObject quota;
        try
        {
            quota = await ReadAsync(path, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return;
        }

        var items = new Dictionary<string, IReadOnlyList<JsonObject>>(StringComparer.Ordinal);
        var extended = Extended();
        foreach (var resource in QuotaCount.Needed(quota, served, extended))
        {
            items[resource.GroupResource] = [.. (await ReadAsync(resource.PathOf(key.Namespace), cancellationToken)).Objects("items")];
        }

        var status = QuotaCount.Status(quota, items, extended, Time.GetUtcNow());
        if (!status.SameAs(quota.Object("status") ?? []))
        {
            // The version read first makes a charge in between win: then it is counted again.
            quota["status"] = status;
            await Client.SendAsync(HttpMethod.Put, path + "/status", "application/json", JsonSerializer.SerializeToUtf8Bytes(quota), cancellationToken);
        }
    }

    private async Task<JsonObject> ReadAsync(string path, CancellationToken cancellationToken) =>
        (JsonObject)GoJson.Parse(await Client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken))!;

    private async Task DiscoverAsync(CancellationToken cancellationToken)
    {
        served = await Discovery.ReadAsync(Client, cancellationToken);
        foreach (var resource in served.Where(resource => resource.IsNamespaced && !resource.IsEvents && resource.Verbs.IsSupersetOf(["list", "watch", "delete"])))
        {
            if (watched.Add(resource.Type))
            {
                informers.Of<ObjectMetadata>(new ListScope(Resource: resource.Type)).Subscribe(change =>
                {
                    if (change.New is null)
                    {
                        Enqueue(change.Latest.Metadata.NamespaceProperty, Together);
                    }
                });
            }
        }

        watched.IntersectWith(served.Select(resource => resource.Type));
    }

    private Task RecountAllAsync(CancellationToken cancellationToken)
    {
        foreach (var quota in quotas.List())
        {
            Queue.Add(quota.Key());
        }

        return Task.CompletedTask;
    }

    private Dictionary<string, string> Extended() => classes.List()
        .Where(one => !string.IsNullOrEmpty(one.Spec.ExtendedResourceName))
        .ToDictionary(one => one.Metadata.Name, one => one.Spec.ExtendedResourceName, StringComparer.Ordinal);

    // What a class is called changes how claims count.
    private void RecountFor(string? before, string? now)
    {
        if (before == now)
        {
            return;
        }

        foreach (var quota in quotas.List().Where(quota => quota.Spec?.Hard?.Keys.Any(name => name == "requests." + before || name == "requests." + now) == true))
        {
            Queue.AddAfter(quota.Key(), Together);
        }
    }

    private void QuotaChanged(ObjectChange<V1ResourceQuota> change)
    {
        if (change.New is { } now && (change.Old is null || !SameHard(now)))
        {
            Queue.Add(now.Key());
        }
    }

    private static bool SameHard(V1ResourceQuota quota) =>
        (quota.Spec?.Hard?.Count ?? 0) == (quota.Status?.Hard?.Count ?? 0)
        && (quota.Spec?.Hard ?? new Dictionary<string, ResourceQuantity>()).All(pair => quota.Status!.Hard.TryGetValue(pair.Key, out var hard) && hard.ToString() == pair.Value.ToString());

    private void EnqueueUpdate(bool matters, k8s.IKubernetesObject<V1ObjectMeta>? item)
    {
        if (matters && item is not null)
        {
            Enqueue(item.Metadata.NamespaceProperty, Together);
        }
    }

    private TimeSpan Ending(V1Pod pod) =>
        pod.IsTerminal() || pod.Metadata.DeletionTimestamp is not { } ends || ends <= Now ? Together : ends - Now + TimeSpan.FromSeconds(1);

    private void Enqueue(string space, TimeSpan after)
    {
        foreach (var quota in quotas.List(space))
        {
            Queue.AddAfter(quota.Key(), after);
        }
    }
}
