using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Fields of a pod and resources of its containers as text.</summary>
internal static class DownwardApi
{
    /// <returns>null for a field that cannot be had.</returns>
    public static string? Field(V1Pod pod, string path, string? podIp, string hostIp) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.NamespaceProperty,
        "metadata.uid" => pod.Metadata.Uid,
        "spec.nodeName" => pod.Spec.NodeName,
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
        "status.hostIP" or "status.hostIPs" => hostIp,
        "status.podIP" or "status.podIPs" => podIp ?? "",
        _ => Key(path, "metadata.labels") is { } label ? Value(pod.Metadata.Labels, label)
            : Key(path, "metadata.annotations") is { } annotation ? Value(pod.Metadata.Annotations, annotation)
            : null,
    };

    /// <summary>What a container may use, or what the node has where it has no limit, in units of the divisor, rounded up.</summary>
    public static string Resource(V1Pod pod, V1Container container, V1ResourceFieldSelector selector)
    {
        var source = selector.ContainerName is { Length: > 0 } name ? pod.FindContainer(name) ?? container : container;
        var parts = selector.Resource.Split('.', 2);
        var resource = parts[1];
        var amount = parts[0] == "limits"
            ? PodLimits.Quantity(source.Resources?.Limits, resource) ?? Machine(resource)
            : PodLimits.Quantity(source.Resources?.Requests, resource) ?? PodLimits.Quantity(source.Resources?.Limits, resource) ?? 0;
        var divisor = selector.Divisor?.ToDecimal() is > 0 and var given ? given : 1;
        return Math.Ceiling(amount / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    private static decimal Machine(string resource) => resource switch
    {
        "cpu" => Environment.ProcessorCount,
        "memory" => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        _ => 0,
    };

    private static string? Key(string path, string field) =>
        path.StartsWith(field + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal)
            ? path[(field.Length + 2)..^2]
            : null;

    private static string Value(IDictionary<string, string>? values, string key) =>
        values is not null && values.TryGetValue(key, out var value) ? value : "";
}
