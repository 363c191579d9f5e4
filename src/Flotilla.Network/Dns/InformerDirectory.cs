using System.Net;
using Flotilla.Api;
using Flotilla.Api.Services;
using Flotilla.Client;
using Flotilla.Network.Services;
using k8s.Models;

namespace Flotilla.Network.Dns;

/// <summary>The directory over the shared informers' caches.</summary>
public sealed class InformerDirectory : IServiceDirectory
{
    private const string ByAddress = "dns-address";
    private const string ByName = "dns-name";
    private readonly Informer<V1Service> services;
    private readonly Informer<V1EndpointSlice> slices;
    private readonly Informer<V1Namespace> namespaces;

    public InformerDirectory(InformerSet informers)
    {
        services = informers.Of<V1Service>();
        slices = informers.Of<V1EndpointSlice>();
        namespaces = informers.Of<V1Namespace>();
        services.AddIndex(ByAddress, service => service.Spec.ClusterIPs ?? (service.Spec.ClusterIP is { } one ? [one] : []));
        services.AddIndex(ByName, service => service.Metadata.Annotations?.TryGetValue(ServiceAnnotations.DnsNames, out var names) == true ? names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal) : []);
        slices.AddIndex(SliceIndex.ByService, SliceIndex.ServiceOf);
        slices.AddIndex(ByAddress, slice => (slice.Endpoints ?? []).SelectMany(endpoint => endpoint.Addresses ?? []).Distinct());
    }

    public bool IsReady => services.HasSynced && slices.HasSynced && namespaces.HasSynced;

    public bool HasNamespace(string name) => namespaces.Get(new ObjectKey(null, name)) is not null;

    public V1Service? Service(ObjectKey key) => services.Get(key);

    public V1Service? ServiceNamed(string name) => services.ByIndex(ByName, name).FirstOrDefault();

    public IReadOnlyList<V1EndpointSlice> Slices(ObjectKey service) => slices.ByIndex(SliceIndex.ByService, service.ToString());

    public IReadOnlyList<V1Service> ServicesAt(IPAddress clusterAddress) => services.ByIndex(ByAddress, clusterAddress.ToString());

    public IReadOnlyList<V1EndpointSlice> SlicesWith(IPAddress endpointAddress) => slices.ByIndex(ByAddress, endpointAddress.ToString());
}
