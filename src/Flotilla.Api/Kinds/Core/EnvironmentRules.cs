using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class EnvironmentRules
{
    private static readonly string[] Fields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    private static readonly string[] Resources = ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

    public static IEnumerable<FieldError> Check(JsonObject container, string path) =>
        container.Objects("env").SelectMany((variable, i) => CheckVariable(variable, FieldRules.Indexed($"{path}.env", i)))
            .Concat(container.Objects("envFrom").SelectMany((source, i) => CheckFrom(source, FieldRules.Indexed($"{path}.envFrom", i))));

    private static IEnumerable<FieldError> CheckVariable(JsonObject variable, string path)
    {
        if (variable.String("name") is not { Length: > 0 } name)
        {
            yield return FieldError.Required($"{path}.name");
        }
        else if (Names.CheckEnvironmentName(name) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.name", name, wrong);
        }

        if (variable.Object("valueFrom") is { } source)
        {
            foreach (var error in CheckSource(variable, source, $"{path}.valueFrom"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckSource(JsonObject variable, JsonObject source, string path)
    {
        foreach (var error in CheckField(source.Object("fieldRef"), $"{path}.fieldRef")
            .Concat(CheckResource(source.Object("resourceFieldRef"), $"{path}.resourceFieldRef"))
            .Concat(CheckKey(source.Object("configMapKeyRef"), $"{path}.configMapKeyRef"))
            .Concat(CheckKey(source.Object("secretKeyRef"), $"{path}.secretKeyRef")))
        {
            yield return error;
        }

        if (source.Count == 0)
        {
            yield return FieldError.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        }
        else if (!string.IsNullOrEmpty(variable.String("value")))
        {
            yield return FieldError.Invalid(path, "", "may not be specified when `value` is not empty");
        }

        if (source.Count > 1)
        {
            yield return FieldError.Invalid(path, "", "may not have more than one field specified at a time");
        }
    }

    private static IEnumerable<FieldError> CheckField(JsonObject? reference, string path)
    {
        if (reference is null)
        {
            yield break;
        }

        if (reference.String("fieldPath") is not { Length: > 0 } field)
        {
            yield return FieldError.Required($"{path}.fieldPath");
        }
        else if (!field.StartsWith("metadata.labels['", StringComparison.Ordinal) && !field.StartsWith("metadata.annotations['", StringComparison.Ordinal) && !Fields.Contains(field))
        {
            yield return field.StartsWith("metadata.", StringComparison.Ordinal) || field.StartsWith("spec.", StringComparison.Ordinal) || field.StartsWith("status.", StringComparison.Ordinal)
                ? FieldError.NotSupported($"{path}.fieldPath", field, Fields)
                : FieldError.Invalid($"{path}.fieldPath", field, "error converting fieldPath: field label not supported: " + field);
        }
    }

    private static IEnumerable<FieldError> CheckResource(JsonObject? reference, string path)
    {
        if (reference is null)
        {
            yield break;
        }

        if (reference.String("resource") is not { Length: > 0 } resource)
        {
            yield return FieldError.Required($"{path}.resource");
        }
        else if (!Resources.Contains(resource) && !resource.Contains("hugepages-", StringComparison.Ordinal))
        {
            yield return FieldError.NotSupported($"{path}.resource", resource, Resources);
        }
    }

    private static IEnumerable<FieldError> CheckKey(JsonObject? reference, string path)
    {
        if (reference is null)
        {
            yield break;
        }

        if (string.IsNullOrEmpty(reference.String("name")))
        {
            yield return FieldError.Required($"{path}.name");
        }

        if (reference.String("key") is not { Length: > 0 } key)
        {
            yield return FieldError.Required($"{path}.key");
        }
        else if (Names.CheckConfigKey(key) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.key", key, wrong);
        }
    }

    private static IEnumerable<FieldError> CheckFrom(JsonObject source, string path)
    {
        if (source.String("prefix") is { Length: > 0 } prefix && Names.CheckEnvironmentName(prefix) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.prefix", prefix, wrong);
        }

        var (config, secret) = (source.Object("configMapRef"), source.Object("secretRef"));
        foreach (var (reference, name) in new[] { (config, "configMapRef"), (secret, "secretRef") })
        {
            if (reference is not null && string.IsNullOrEmpty(reference.String("name")))
            {
                yield return FieldError.Required($"{path}.{name}.name");
            }
        }

        if (config is null && secret is null)
        {
            yield return FieldError.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
        }
        else if (config is not null && secret is not null)
        {
            yield return FieldError.Invalid(path, "", "may not have more than one field specified at a time");
        }
    }
}
