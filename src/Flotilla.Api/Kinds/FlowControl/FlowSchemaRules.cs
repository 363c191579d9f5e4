using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.FlowControl;

/// <summary>What a FlowSchema must be. Pure.</summary>
internal static class FlowSchemaRules
{
    private const string Exempt = "exempt";
    private const long MaxPrecedence = 10000;

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        var precedence = spec.Integer("matchingPrecedence") ?? 0;
        const string path = "spec.matchingPrecedence";
        if (precedence <= 0)
        {
            yield return FieldError.Invalid(path, precedence, "must be a positive value");
        }
        else if (precedence > MaxPrecedence)
        {
            yield return FieldError.Invalid(path, precedence, "must not be greater than 10000");
        }
        else if (precedence == 1 && item.Object("metadata").String("name") != Exempt)
        {
            yield return FieldError.Invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }

        var rest = FieldRules.OneOf(spec.Object("distinguisherMethod"), "type", "spec.distinguisherMethod", "ByNamespace", "ByUser")
            .Concat(FieldRules.Required(spec.Object("priorityLevelConfiguration") ?? [], "name", "spec.priorityLevelConfiguration", "must reference a priority level"))
            .Concat(spec.Objects("rules").SelectMany((rule, i) => CheckRule(rule, FieldRules.Indexed("spec.rules", i))));
        foreach (var error in rest)
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckRule(JsonObject rule, string path)
    {
        var errors = new List<FieldError>();
        if (rule.Array("subjects") is not { Count: > 0 })
        {
            errors.Add(FieldError.Required($"{path}.subjects", "subjects must contain at least one value"));
        }

        if (rule.Array("resourceRules") is not { Count: > 0 } && rule.Array("nonResourceRules") is not { Count: > 0 })
        {
            errors.Add(FieldError.Required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
        }

        errors.AddRange(rule.Objects("subjects").SelectMany((subject, i) => CheckSubject(subject, FieldRules.Indexed($"{path}.subjects", i))));
        errors.AddRange(rule.Objects("resourceRules").SelectMany((item, i) => CheckResources(item, FieldRules.Indexed($"{path}.resourceRules", i))));
        errors.AddRange(rule.Objects("nonResourceRules").SelectMany((item, i) => CheckPaths(item, FieldRules.Indexed($"{path}.nonResourceRules", i))));
        return errors;
    }

    private static IEnumerable<FieldError> CheckSubject(JsonObject subject, string path) => subject.String("kind") switch
    {
        "User" => Named(subject, "user", path),
        "Group" => Named(subject, "group", path),
        "ServiceAccount" => Named(subject, "serviceAccount", path).Concat(FieldRules.Required(subject.Object("serviceAccount") ?? [], "namespace", $"{path}.serviceAccount", "must specify namespace for service account")),
        var other => [FieldError.NotSupported($"{path}.kind", other ?? "", ["Group", "ServiceAccount", "User"])],
    };

    private static IEnumerable<FieldError> Named(JsonObject subject, string part, string path) => subject.Object(part) is { } found
        ? FieldRules.Required(found, "name", $"{path}.{part}")
        : [FieldError.Required($"{path}.{part}", $"{part} is required when subject kind is '{subject.String("kind")}'")];

    private static IEnumerable<FieldError> CheckResources(JsonObject rule, string path) =>
        Filled(rule, "verbs", path, "verbs must contain at least one value")
            .Concat(Filled(rule, "apiGroups", path, "resource rules must supply at least one api group"))
            .Concat(Filled(rule, "resources", path, "resource rules must supply at least one resource"))
            .Concat(rule.Boolean("clusterScope") == true ? [] : Filled(rule, "namespaces", path, "resource rules that are not cluster scoped must supply at least one namespace"));

    private static IEnumerable<FieldError> CheckPaths(JsonObject rule, string path) =>
        Filled(rule, "verbs", path, "verbs must contain at least one value")
            .Concat(Filled(rule, "nonResourceURLs", path, "nonResourceURLs must contain at least one value"));

    private static IEnumerable<FieldError> Filled(JsonObject rule, string name, string path, string detail) =>
        rule.Array(name) is { Count: > 0 } ? [] : [FieldError.Required($"{path}.{name}", detail)];
}
