using System.Globalization;
using System.Text;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What a pod may learn about itself, in variables and in files: fields of its object, resources of its containers. Pure.</summary>
internal static class DownwardApi
{
    /// <param name="addresses">null: of no use (files do not tell addresses).</param>
    /// <returns>null for a field that cannot be had.</returns>
    public static string? Field(V1Pod pod, string path, PodNetwork? addresses = null) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.NamespaceProperty,
        "metadata.uid" => pod.Metadata.Uid,
        "metadata.labels" => Lines(pod.Metadata.Labels),
        "metadata.annotations" => Lines(pod.Metadata.Annotations),
        "spec.nodeName" => pod.Spec.NodeName ?? "",
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
        "status.hostIP" => addresses?.HostIps[0],
        "status.hostIPs" => addresses is null ? null : string.Join(',', addresses.HostIps),
        "status.podIP" => addresses is null ? null : addresses.PodIps.FirstOrDefault() ?? "",
        "status.podIPs" => addresses is null ? null : string.Join(',', addresses.PodIps),
        _ => Key(path, "metadata.labels") is { } label ? Value(pod.Metadata.Labels, label)
            : Key(path, "metadata.annotations") is { } annotation ? Value(pod.Metadata.Annotations, annotation)
            : null,
    };

    /// <summary>A container's request or limit in units of the divisor, rounded up. A missing limit is all the node can give.</summary>
    /// <param name="own">The container that asks; null when a file asks, which must name one.</param>
    /// <returns>null for a container or resource that does not exist.</returns>
    public static string? Resource(V1Pod pod, V1Container? own, V1ResourceFieldSelector selector, NodeCapacity capacity)
    {
        var container = selector.ContainerName is { Length: > 0 } name ? pod.FindContainer(name) : own;
        if (container is null || selector.Resource.Split('.', 2) is not [var kind, var resource])
        {
            return null;
        }
        var limit = PodLimits.Quantity(container.Resources?.Limits, resource);
        decimal? amount = kind switch
        {
            "limits" => limit ?? capacity.AmountOf(resource) ?? 0,
            "requests" => PodLimits.Quantity(container.Resources?.Requests, resource) ?? limit ?? 0,
            _ => null,
        };
        var divisor = selector.Divisor?.ToDecimal() is > 0 and var given ? given : 1;
        return amount is null ? null : Math.Ceiling(amount.Value / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    private static string? Key(string path, string field) =>
        path.StartsWith(field + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal)
            ? path[(field.Length + 2)..^2]
            : null;

    private static string Value(IDictionary<string, string>? values, string key) =>
        values is not null && values.TryGetValue(key, out var value) ? value : "";

    private static string Lines(IDictionary<string, string>? map) =>
        string.Join('\n', (map ?? new Dictionary<string, string>(StringComparer.Ordinal))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={Quote(pair.Value)}"));

    // As a Go string literal, which is what programs parse these files as.
    private static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var character in value)
        {
            text.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' => $"\\x{(int)character:x2}",
                _ => character.ToString(),
            });
        }
        return text.Append('"').ToString();
    }
}

/// <summary>Addresses as a container is told of them, each list's first one first.</summary>
/// <param name="PodIps">Empty: there are none yet.</param>
internal sealed record PodNetwork(IReadOnlyList<string> PodIps, IReadOnlyList<string> HostIps);
