using System.Net;
using Flotilla.Api;
using Flotilla.Api.Services;
using Flotilla.Network.Dns;
using k8s.Models;

namespace Flotilla.Network.Tests.Dns;

internal sealed class ListDirectory(V1Service[] services, V1EndpointSlice[] slices) : IServiceDirectory
{
    public bool IsReady { get; set; } = true;

    public bool HasNamespace(string name) => name is "default" or "kube-system";

    public V1Service? Service(ObjectKey key) =>
        services.FirstOrDefault(service => service.Metadata.Name == key.Name && service.Metadata.NamespaceProperty == key.Namespace);

    public V1Service? ServiceNamed(string name) => services.FirstOrDefault(service =>
        service.Metadata.Annotations?.TryGetValue(ServiceAnnotations.DnsNames, out var names) == true && names.Split(' ').Contains(name));

    public IReadOnlyList<V1EndpointSlice> Slices(ObjectKey service) =>
        [.. slices.Where(slice => slice.Metadata.NamespaceProperty == service.Namespace
            && slice.Metadata.Labels["kubernetes.io/service-name"] == service.Name)];

    public IReadOnlyList<V1Service> ServicesAt(IPAddress clusterAddress) =>
        [.. services.Where(service => service.Spec.ClusterIP == clusterAddress.ToString())];

    public IReadOnlyList<V1EndpointSlice> SlicesWith(IPAddress endpointAddress) =>
        [.. slices.Where(slice => slice.Endpoints.Any(endpoint => endpoint.Addresses.Contains(endpointAddress.ToString())))];
}
