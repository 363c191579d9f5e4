using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>References to fields of the pod and to resources of its containers, in variables and in volumes.</summary>
internal static class FieldReferenceRules
{
    private static readonly string[] Known =
    [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName",
        "spec.schedulerName", "status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    private static readonly string[] Resources = ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];
    private static readonly string[] Sizes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

    public static IEnumerable<FieldError> Field(JsonObject reference, string path, string[] supported)
    {
        if (reference.String("fieldPath") is not { Length: > 0 } field)
        {
            return [FieldError.Required($"{path}.fieldPath")];
        }

        if (Split(field) is var (parent, key))
        {
            return Subscript(field, parent, key, path);
        }

        if (field == "spec.host")
        {
            field = "spec.nodeName";
        }

        return supported.Contains(field) ? []
            : Known.Contains(field) ? [FieldError.NotSupported($"{path}.fieldPath", field, supported)]
            : [FieldError.Invalid($"{path}.fieldPath", field, "error converting fieldPath: field label not supported: " + field)];
    }

    public static IEnumerable<FieldError> Resource(JsonObject reference, string path, bool isVolume)
    {
        var resource = reference.String("resource") ?? "";
        if (isVolume && string.IsNullOrEmpty(reference.String("containerName")))
        {
            yield return FieldError.Required($"{path}.containerName");
        }
        else if (resource.Length == 0)
        {
            yield return FieldError.Required($"{path}.resource");
        }
        else if (!Resources.Contains(resource) && !IsHugePage(resource))
        {
            yield return FieldError.NotSupported($"{path}.resource", resource, Resources);
        }

        if (FieldRules.Amount(reference["divisor"]) is { Sign: not 0 } divisor && WrongDivisor(resource, divisor.ToString()) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.divisor", resource, wrong);
        }
    }

    private static (string Parent, string Key)? Split(string field) =>
        field.EndsWith("']", StringComparison.Ordinal) && field.IndexOf("['", StringComparison.Ordinal) is > 0 and var open ? (field[..open], field[(open + 2)..^2]) : null;

    private static IEnumerable<FieldError> Subscript(string field, string parent, string key, string path) => parent switch
    {
        "metadata.annotations" => FieldRules.Text(key.ToLowerInvariant(), path, Names.CheckLabelKey),
        "metadata.labels" => FieldRules.Text(key, path, Names.CheckLabelKey),
        _ => [FieldError.Invalid($"{path}.fieldPath", field, "error converting fieldPath: field label does not support subscript: " + field)],
    };

    private static bool IsHugePage(string resource) =>
        resource.StartsWith("requests.hugepages-", StringComparison.Ordinal) || resource.StartsWith("limits.hugepages-", StringComparison.Ordinal);

    private static string? WrongDivisor(string resource, string divisor)
    {
        if (resource is "limits.cpu" or "requests.cpu")
        {
            return divisor is "1m" or "1" ? null : "only divisor's values 1m and 1 are supported with the cpu resource";
        }

        var kind = resource switch
        {
            "limits.memory" or "requests.memory" => "memory",
            "limits.ephemeral-storage" or "requests.ephemeral-storage" => "local ephemeral storage",
            _ when IsHugePage(resource) => "hugepages",
            _ => null,
        };
        return kind is null || Sizes.Contains(divisor) ? null : $"only divisor's values {string.Join(", ", Sizes)} are supported with the {kind} resource";
    }
}
