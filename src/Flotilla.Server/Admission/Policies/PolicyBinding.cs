using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Admission.Matching;

namespace Flotilla.Server.Admission.Policies;

/// <summary>Puts a policy into force: for which requests, with which parameters, to what effect.</summary>
internal sealed record PolicyBinding(string Name, string Policy, MatchConstraints? Match, JsonObject? ParamRef, IReadOnlyList<string> Actions)
{
    public static PolicyBinding From(JsonObject item)
    {
        var spec = item.Object("spec");
        return new PolicyBinding(
            item.Object("metadata").String("name") ?? "",
            spec.String("policyName") ?? "",
            spec.Object("matchResources") is { } match ? MatchConstraints.From(match, "resourceRules") : null,
            spec.Object("paramRef"),
            [.. spec.Array("validationActions")?.Select(node => node.AsString() ?? "") ?? []]);
    }
}
