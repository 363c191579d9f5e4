using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Which objects a quota counts.</summary>
internal static class QuotaScopeRules
{
    private const string ExistsOnly = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    private static readonly string[] Pods = ["Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"];
    private static readonly string[] Flags = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
    private static readonly string[] Compute = ["cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage"];
    private static readonly string[] Counted = ["services", "replicationcontrollers", "secrets", "configmaps", "resourcequotas", "services.nodeports", "services.loadbalancers", "persistentvolumeclaims", "requests.storage"];

    public static IEnumerable<FieldError> Check(JsonObject spec)
    {
        var scopes = Texts(spec.Array("scopes"));
        var errors = scopes.SelectMany(scope => CheckScope(scope, spec, "spec.scopes", spec["scopes"], "spec.scopes", spec["scopes"]))
            .Concat(Conflicts(scopes) ? [FieldError.Invalid("spec.scopes", spec["scopes"]!.DeepClone(), "conflicting scopes")] : []);
        return spec.Object("scopeSelector") is { } selector ? errors.Concat(CheckSelector(selector, spec)) : errors;
    }

    public static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject before) =>
        Texts(spec.Array("scopes")).ToHashSet().SetEquals(Texts(before.Array("scopes"))) ? [] : [FieldError.Invalid("spec.scopes", spec["scopes"]?.DeepClone(), FieldRules.Immutable)];

    private static IEnumerable<FieldError> CheckSelector(JsonObject selector, JsonObject spec)
    {
        const string Path = "spec.scopeSelector.matchExpressions";
        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var (scope, operation, values) = (expression.String("scopeName") ?? "", expression.String("operator") ?? "", expression.Array("values"));
            foreach (var error in CheckScope(scope, spec, $"{Path}.scopeName", scope, Path, selector))
            {
                yield return error;
            }

            if (Flags.Contains(scope) && operation != "Exists")
            {
                yield return FieldError.Invalid($"{Path}.operator", operation, ExistsOnly);
            }

            if (WrongOperator(operation, values, Path) is { } wrong)
            {
                yield return wrong;
            }
        }

        if (Conflicts([.. selector.Objects("matchExpressions").Select(expression => expression.String("scopeName") ?? "")]))
        {
            yield return FieldError.Invalid(Path, spec["scopes"]?.DeepClone(), "conflicting scopes");
        }
    }

    private static IEnumerable<FieldError> CheckScope(string scope, JsonObject spec, string path, JsonNode? shown, string listPath, JsonNode? list)
    {
        if (!Pods.Contains(scope) && scope is not ("BestEffort" or "VolumeAttributesClass"))
        {
            yield return FieldError.Invalid(path, shown?.DeepClone(), "unsupported scope");
        }

        foreach (var _ in (spec.Object("hard") ?? []).Where(pair => Compute.Contains(pair.Key) || Counted.Contains(pair.Key) || pair.Key == "pods").Where(pair => !Fits(scope, pair.Key)))
        {
            yield return FieldError.Invalid(listPath, list?.DeepClone(), "unsupported scope applied to resource");
        }
    }

    private static bool Fits(string scope, string resource) => scope switch
    {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => resource is "persistentvolumeclaims" or "requests.storage",
        _ when Pods.Contains(scope) => resource == "pods" || Compute.Contains(resource),
        _ => true,
    };

    private static FieldError? WrongOperator(string operation, JsonArray? values, string path) => operation switch
    {
        "In" or "NotIn" => values is { Count: > 0 } ? null : FieldError.Required($"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
        "Exists" or "DoesNotExist" => values is not { Count: > 0 } ? null : FieldError.Invalid($"{path}.values", values.DeepClone(), "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"),
        _ => FieldError.Invalid($"{path}.operator", operation, "not a valid selector operator"),
    };

    private static bool Conflicts(IReadOnlyCollection<string> scopes) =>
        (scopes.Contains("BestEffort") && scopes.Contains("NotBestEffort")) || (scopes.Contains("Terminating") && scopes.Contains("NotTerminating"));

    private static List<string> Texts(JsonArray? list) => [.. (list ?? []).Select(text => text.AsString() ?? "")];
}
