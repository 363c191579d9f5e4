using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;
using Flotilla.Cel.Types;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Admission.Matching;

namespace Flotilla.Server.Admission.Policies;

/// <summary>A stored policy, ready to be matched and evaluated; what of it validates and what mutates.</summary>
internal sealed class AdmissionPolicy
{
    private AdmissionPolicy(JsonObject item)
    {
        var spec = item.Object("spec") ?? [];
        Name = item.Object("metadata").String("name") ?? "";
        Match = MatchConstraints.From(spec.Object("matchConstraints") ?? [], "resourceRules");
        ParamKind = spec.Object("paramKind") is { } kind ? ResourceKindOf(kind) : null;
        IgnoresFailures = spec.String("failurePolicy") == "Ignore";
        IsReinvoked = spec.String("reinvocationPolicy") == "IfNeeded";
        Variables = new PolicyVariables(AdmissionEnvironment.ForPolicy(ParamKind is not null), spec);
        Conditions = new MatchConditions(AdmissionEnvironment.ForPolicy(ParamKind is not null), spec);
        Validations = [.. spec.Objects("validations").Select(validation => PolicyValidation.From(Variables, validation))];
        AuditAnnotations = [.. spec.Objects("auditAnnotations").Select(annotation => (annotation.String("key") ?? "", AdmissionExpression.Compile(Variables.Environment, annotation.String("valueExpression"), CelType.String, CelType.Null)))];
        Mutations = [.. spec.Objects("mutations").Select(mutation => PolicyMutation.From(Variables, mutation))];
    }

    public string Name { get; }

    public MatchConstraints Match { get; }

    public ResourceKind? ParamKind { get; }

    public bool IgnoresFailures { get; }

    public bool IsReinvoked { get; }

    public PolicyVariables Variables { get; }

    public MatchConditions Conditions { get; }

    public IReadOnlyList<PolicyValidation> Validations { get; }

    public IReadOnlyList<(string Key, AdmissionExpression Value)> AuditAnnotations { get; }

    public IReadOnlyList<PolicyMutation> Mutations { get; }

    public static AdmissionPolicy From(JsonObject item) => new(item);

    private static ResourceKind ResourceKindOf(JsonObject kind)
    {
        var version = kind.String("apiVersion") ?? "";
        var at = version.IndexOf('/', StringComparison.Ordinal);
        return at < 0 ? new ResourceKind("", version, kind.String("kind") ?? "") : new ResourceKind(version[..at], version[(at + 1)..], kind.String("kind") ?? "");
    }
}

/// <summary>One rule: what must be true, and what is said when it is not.</summary>
internal sealed record PolicyValidation(AdmissionExpression Expression, AdmissionExpression? MessageExpression, string Message, string Reason)
{
    public static PolicyValidation From(PolicyVariables variables, JsonObject validation) => new(
        AdmissionExpression.Compile(variables.Environment, validation.String("expression"), CelType.Bool),
        validation.String("messageExpression") is { Length: > 0 } text ? AdmissionExpression.Compile(variables.Environment, text, CelType.String) : null,
        (validation.String("message") ?? "").Trim(),
        validation.String("reason") is { Length: > 0 } reason ? reason : "Invalid");
}
