using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;

namespace Flotilla.Server.Admission.Matching;

/// <summary>Which requests a webhook or policy is for.</summary>
internal sealed class MatchConstraints
{
    private readonly IReadOnlyList<ResourceRule> rules;
    private readonly IReadOnlyList<ResourceRule> excluded;
    private readonly LabelSelector namespaces;
    private readonly LabelSelector objects;
    private readonly bool exact;

    private MatchConstraints(JsonObject spec, string rulesField)
    {
        rules = [.. spec.Objects(rulesField).Select(ResourceRule.From)];
        excluded = [.. spec.Objects("excludeResourceRules").Select(ResourceRule.From)];
        namespaces = LabelSelector.From(spec.Object("namespaceSelector")) ?? LabelSelector.Everything;
        objects = LabelSelector.From(spec.Object("objectSelector")) ?? LabelSelector.Everything;
        exact = spec.String("matchPolicy") == "Exact";
    }

    public bool HasRules => rules.Count > 0;

    /// <param name="rulesField"><c>rules</c> of a webhook, <c>resourceRules</c> of a policy.</param>
    public static MatchConstraints From(JsonObject spec, string rulesField) => new(spec, rulesField);

    /// <summary>The kind as which the request matches: its own, or an equivalent one that a rule names. Null: it does not.</summary>
    /// <exception cref="ApiException">404: the namespace whose labels decide does not exist.</exception>
    public async ValueTask<Kind?> MatchAsync(AdmissionRequest request, MatchContext context, CancellationToken cancellationToken)
    {
        if (!ObjectMatches(request) || Find(request, rules, context) is not { } kind || Find(request, excluded, context) is not null)
        {
            return null;
        }

        return await context.NamespaceMatchesAsync(request, namespaces, cancellationToken) ? kind : null;
    }

    /// <summary>As <see cref="MatchAsync"/>, with no rules meaning every resource: what a binding narrows.</summary>
    public async ValueTask<bool> NarrowsToAsync(AdmissionRequest request, MatchContext context, CancellationToken cancellationToken) =>
        ObjectMatches(request)
        && (rules.Count == 0 || Find(request, rules, context) is not null)
        && Find(request, excluded, context) is null
        && await context.NamespaceMatchesAsync(request, namespaces, cancellationToken);

    private Kind? Find(AdmissionRequest request, IReadOnlyList<ResourceRule> list, MatchContext context)
    {
        if (list.Any(rule => rule.Matches(request, request.Kind)))
        {
            return request.Kind;
        }

        return exact || list.Count == 0 ? null : context.Equivalents.Of(request.Kind).FirstOrDefault(kind => list.Any(rule => rule.Matches(request, kind)));
    }

    private bool ObjectMatches(AdmissionRequest request) =>
        objects.IsEverything
        || (request.Operation != AdmissionOperation.Delete && objects.Matches(LabelsOf(request.Object)))
        || (request.Old is { } old && objects.Matches(LabelsOf(old)));

    private static JsonObject? LabelsOf(JsonObject value) => value.Object("metadata").Object("labels");
}
