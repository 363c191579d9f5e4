using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;
using Flotilla.Cel;
using Flotilla.Cel.Types;
using Flotilla.Server.Admission.Expressions;

namespace Flotilla.Server.Admission.TypeChecks;

/// <summary>Checks a policy's rules against the schemas of the kinds it names; what does not fit is a warning in its status.</summary>
internal static class PolicyTypeCheck
{
    private const int MaxKinds = 10;

    /// <summary>The status as it should be.</summary>
    public static JsonObject Status(JsonObject policy, KindRegistry kinds)
    {
        var spec = policy.Object("spec") ?? [];
        var checks = Kinds(spec, kinds).Select(kind => (Kind: kind, Environment: EnvironmentFor(spec, kind, kinds))).ToList();
        var warnings = new JsonArray();
        foreach (var (validation, at) in spec.Objects("validations").Select((validation, i) => (validation, i)))
        {
            foreach (var field in new[] { "expression", "messageExpression" })
            {
                if (validation.String(field) is { Length: > 0 } text && Check(text, checks) is { Length: > 0 } warning)
                {
                    warnings.Add(new JsonObject { ["fieldRef"] = $"{FieldRules.Indexed("spec.validations", at)}.{field}", ["warning"] = warning });
                }
            }
        }

        var checking = new JsonObject();
        if (warnings.Count > 0)
        {
            checking["expressionWarnings"] = warnings;
        }

        return new JsonObject { ["observedGeneration"] = policy.Object("metadata").Integer("generation") ?? 0, ["typeChecking"] = checking };
    }

    private static string Check(string text, IEnumerable<(Kind Kind, CelEnvironment Environment)> checks) => string.Join('\n', checks
        .Select(check => (check.Kind, Result: check.Environment.Compile(text)))
        .Where(check => check.Result.Issues.Count > 0)
        .Select(check => $"{check.Kind.Identity.ApiVersion}, Kind={check.Kind.Name}: {check.Result.IssueText}\n"));

    /// <summary>Rules with wildcards name no kind in particular.</summary>
    private static IEnumerable<Kind> Kinds(JsonObject spec, KindRegistry kinds) => spec.Object("matchConstraints").Objects("resourceRules")
        .SelectMany(rule => Texts(rule, "apiGroups").SelectMany(group => Texts(rule, "apiVersions").SelectMany(version => Texts(rule, "resources").Select(resource => kinds.Find(group, version, resource)))))
        .OfType<Kind>().Distinct().Take(MaxKinds);

    private static IEnumerable<string> Texts(JsonObject rule, string field) =>
        (rule.Array(field)?.Select(node => node.AsString() ?? "") ?? []).Where(text => !text.Contains('*', StringComparison.Ordinal));

    private static CelEnvironment EnvironmentFor(JsonObject spec, Kind kind, KindRegistry kinds)
    {
        var type = KindTypes.Of(kind);
        var environment = AdmissionEnvironment.ForPolicy(hasParams: false).With("object", type).With("oldObject", type);
        if (spec.Object("paramKind") is { } parameter)
        {
            var found = kinds.All.FirstOrDefault(candidate => candidate.Identity.ApiVersion == parameter.String("apiVersion") && candidate.Name == parameter.String("kind"));
            environment = environment.With("params", found is null ? CelType.Dyn : KindTypes.Of(found));
        }

        return new PolicyVariables(environment, spec).Environment;
    }
}
