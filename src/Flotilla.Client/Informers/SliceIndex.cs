using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>The index of EndpointSlices by the service they belong to.</summary>
public static class SliceIndex
{
    public const string ByService = "slice-service";

    /// <summary>The service a slice belongs to, if there is one.</summary>
    public static ObjectKey? KeyOf(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels && labels.TryGetValue("kubernetes.io/service-name", out var name)
            ? new ObjectKey(slice.Metadata.NamespaceProperty, name)
            : null;

    public static IEnumerable<string> ServiceOf(V1EndpointSlice slice) => KeyOf(slice) is { } key ? [key.ToString()] : [];
}
