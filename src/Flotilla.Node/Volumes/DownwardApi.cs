using System.Globalization;
using System.Text;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>What a pod may learn about itself: fields of its object, and its containers' resources. Pure.</summary>
internal static class DownwardApi
{
    public static string Field(V1Pod pod, string fieldPath)
    {
        if (Subscript(fieldPath, "metadata.labels") is { } label)
        {
            return pod.Metadata.Labels?.TryGetValue(label, out var value) == true ? value : "";
        }
        if (Subscript(fieldPath, "metadata.annotations") is { } annotation)
        {
            return pod.Metadata.Annotations?.TryGetValue(annotation, out var value) == true ? value : "";
        }
        return fieldPath switch
        {
            "metadata.name" => pod.Metadata.Name,
            "metadata.namespace" => pod.Metadata.NamespaceProperty,
            "metadata.uid" => pod.Metadata.Uid,
            "metadata.labels" => Lines(pod.Metadata.Labels),
            "metadata.annotations" => Lines(pod.Metadata.Annotations),
            "spec.nodeName" => pod.Spec.NodeName ?? "",
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
            _ => throw new VolumeException($"unsupported fieldPath: {fieldPath}"),
        };
    }

    /// <summary>A container's request or limit in units of the divisor, rounded up. A missing limit is all the node can give.</summary>
    public static string Resource(V1Pod pod, V1ResourceFieldSelector selector, NodeCapacity capacity)
    {
        var container = pod.FindContainer(selector.ContainerName ?? "")
            ?? throw new VolumeException($"container {selector.ContainerName} not found");
        var (kind, name) = selector.Resource.Split('.', 2) is [var first, var second]
            ? (first, second)
            : throw new VolumeException($"Unsupported container resource : {selector.Resource}");
        var amount = kind switch
        {
            "limits" => PodLimits.Quantity(container.Resources?.Limits, name) ?? capacity.AmountOf(name),
            "requests" => PodLimits.Quantity(container.Resources?.Requests, name) ?? PodLimits.Quantity(container.Resources?.Limits, name),
            _ => throw new VolumeException($"Unsupported container resource : {selector.Resource}"),
        };
        var divisor = selector.Divisor?.ToDecimal() is > 0 and var given ? given : 1m;
        return decimal.Ceiling((amount ?? 0) / divisor).ToString(CultureInfo.InvariantCulture);
    }

    private static string? Subscript(string path, string map) =>
        path.StartsWith(map + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal)
            ? path[(map.Length + 2)..^2]
            : null;

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
