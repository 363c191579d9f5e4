using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>What happens to a container when its resources change.</summary>
internal static class ResizeRules
{
    public static IEnumerable<FieldError> Check(JsonObject container, string path, string restartPolicy)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (policy, i) in container.Objects("resizePolicy").Select((policy, i) => (policy, i)))
        {
            var (resource, restart) = (policy.String("resourceName") ?? "", policy.String("restartPolicy") ?? "");
            if (!seen.Add(resource))
            {
                yield return FieldError.Duplicate(FieldRules.Indexed(path, i), resource);
            }

            foreach (var error in Known(resource, path, "cpu", "memory").Concat(Known(restart, path, "NotRequired", "RestartContainer")))
            {
                yield return error;
            }

            if (restartPolicy == "Never" && restart != "NotRequired")
            {
                yield return FieldError.Invalid(path, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'");
            }
        }
    }

    public static JsonArray Shown(JsonArray policies) =>
        [.. policies.Select(policy => new JsonObject { ["ResourceName"] = policy.String("resourceName") ?? "", ["RestartPolicy"] = policy.String("restartPolicy") ?? "" })];

    private static IEnumerable<FieldError> Known(string value, string path, params string[] supported) =>
        value.Length == 0 ? [FieldError.Required(path)] : supported.Contains(value) ? [] : [FieldError.NotSupported(path, value, supported)];
}
