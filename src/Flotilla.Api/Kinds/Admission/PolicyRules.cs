using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Admission;

internal static class PolicyRules
{
    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.DefaultText("failurePolicy", "Fail");
        if (spec.Object("matchConstraints") is { } constraints)
        {
            DefaultMatch(constraints);
        }
    }

    public static void DefaultBinding(JsonObject item)
    {
        if (item.Object("spec").Object("matchResources") is { } resources)
        {
            DefaultMatch(resources);
        }
    }

    public static IEnumerable<FieldError> CheckValidating(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = CheckCommon(spec);
        if (spec.Array("validations") is not { Count: > 0 } && spec.Array("auditAnnotations") is not { Count: > 0 })
        {
            errors = errors.Append(FieldError.Required("spec.validations", "validations or auditAnnotations must be non-empty")).Append(FieldError.Required("spec.auditAnnotations", "validations or auditAnnotations must be non-empty"));
        }

        return errors.Concat(spec.Objects("validations").SelectMany((validation, i) => FieldRules.Required(validation, "expression", FieldRules.Indexed("spec.validations", i), "expression is not specified")));
    }

    public static IEnumerable<FieldError> CheckMutating(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = CheckCommon(spec);
        return spec.Array("mutations") is { Count: > 0 } ? errors : errors.Append(FieldError.Required("spec.mutations", "mutations must contain at least one item"));
    }

    public static IEnumerable<FieldError> CheckBinding(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = FieldRules.Required(spec, "policyName", "spec");
        if (item.String("kind") != "ValidatingAdmissionPolicyBinding")
        {
            return errors;
        }

        return spec.Array("validationActions") is not { Count: > 0 } actions
            ? errors.Append(FieldError.Required("spec.validationActions"))
            : errors.Concat(actions.Select((action, i) => (action.AsString() ?? "", i)).Where(pair => pair.Item1 is not ("Deny" or "Warn" or "Audit"))
                .Select(pair => FieldError.NotSupported(FieldRules.Indexed("spec.validationActions", pair.i), pair.Item1, ["Audit", "Deny", "Warn"])));
    }

    public static void DefaultRule(JsonObject rule) => rule.DefaultText("scope", "*");

    private static IEnumerable<FieldError> CheckCommon(JsonObject? spec)
    {
        var errors = FieldRules.OneOf(spec, "failurePolicy", "spec", "Fail", "Ignore");
        if (spec.Object("matchConstraints") is not { } constraints)
        {
            return errors.Append(FieldError.Required("spec.matchConstraints"));
        }

        return constraints.Array("resourceRules") is { Count: > 0 }
            ? errors.Concat(constraints.Objects("resourceRules").SelectMany((rule, i) => WebhookRules.CheckRule(rule, FieldRules.Indexed("spec.matchConstraints.resourceRules", i))))
            : errors.Append(FieldError.Required("spec.matchConstraints.resourceRules"));
    }

    private static void DefaultMatch(JsonObject match)
    {
        match.DefaultText("matchPolicy", "Equivalent");
        match.Default("namespaceSelector", new JsonObject());
        match.Default("objectSelector", new JsonObject());
        foreach (var rule in match.Objects("resourceRules").Concat(match.Objects("excludeResourceRules")))
        {
            DefaultRule(rule);
        }
    }
}
