using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>
/// The claim that the scheduler itself makes for a pod that asks for devices as for any other resource. What it asks for
/// depends on the node: where a plugin counts the resource, it comes from the plugin.
/// </summary>
public sealed class ExtendedClaim
{
    public const string Annotation = "resource.kubernetes.io/extended-resource-claim";

    private readonly PodInfo pod;
    private readonly DeviceCatalog catalog;
    private readonly List<string> resources;
    private readonly Dictionary<string, Variant> variants = new(StringComparer.Ordinal);

    private ExtendedClaim(PodInfo pod, DeviceCatalog catalog, List<string> resources)
    {
        this.pod = pod;
        this.catalog = catalog;
        this.resources = resources;
        Stale = catalog.ExtendedClaimOf(pod.Uid);
    }

    /// <summary>From an attempt that came to nothing: it must go before the next.</summary>
    public Resourcev1ResourceClaim? Stale { get; }

    /// <summary>Under which its devices are promised before it has a uid of its own.</summary>
    public string PromiseUid => PromiseOf(pod.Uid);

    public static string PromiseOf(string podUid) => "extended-resources-of-" + podUid;

    /// <returns>null: no class of devices has anything that the pod asks for.</returns>
    public static ExtendedClaim? For(PodInfo pod, DeviceCatalog catalog)
    {
        var resources = pod.Requests.Extended.Where(one => one.Value > 0 && catalog.ClassFor(one.Key) is not null).Select(one => one.Key).Order(StringComparer.Ordinal).ToList();
        return resources.Count == 0 ? null : new ExtendedClaim(pod, catalog, resources);
    }

    /// <returns>null: the node has all of it without devices of claims.</returns>
    public Variant? On(NodeInfo node)
    {
        var provided = resources.Where(resource => catalog.Provides(resource, node)).ToList();
        if (provided.Count == 0)
        {
            return null;
        }

        var key = string.Join(' ', provided);
        return variants.TryGetValue(key, out var known) ? known : variants[key] = NewVariant(provided);
    }

    private Variant NewVariant(List<string> provided)
    {
        var requests = ExtendedRequests.For(pod.Pod, provided.ToDictionary(resource => resource, resource => catalog.ClassFor(resource)!, StringComparer.Ordinal));
        return new Variant(New(pod, requests.Requests), requests.Mappings);
    }

    private static Resourcev1ResourceClaim New(PodInfo pod, IReadOnlyList<V1DeviceRequest> requests) => new()
    {
        ApiVersion = "resource.k8s.io/v1",
        Kind = "ResourceClaim",
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = pod.Namespace,
            GenerateName = pod.Key.Name + "-extended-resources-",
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [Annotation] = "true" },
            OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Key.Name, Uid = pod.Uid, Controller = true }],
        },
        Spec = new V1ResourceClaimSpec { Devices = new V1DeviceClaim { Requests = [.. requests] } },
    };

    /// <param name="Claim">As it will be created.</param>
    public sealed record Variant(Resourcev1ResourceClaim Claim, IReadOnlyList<V1ContainerExtendedResourceRequest> Mappings);
}
