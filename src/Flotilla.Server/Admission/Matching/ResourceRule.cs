using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Admission.Matching;

/// <summary>Operations on resources, with wildcards: the <c>rules</c> of webhooks and policies.</summary>
internal sealed record ResourceRule(
    IReadOnlyList<string> Operations, IReadOnlyList<string> Groups, IReadOnlyList<string> Versions, IReadOnlyList<string> Resources, string Scope, IReadOnlyList<string> Names)
{
    public static ResourceRule From(JsonObject rule) => new(
        Texts(rule, "operations"), Texts(rule, "apiGroups"), Texts(rule, "apiVersions"), Texts(rule, "resources"), rule.String("scope") ?? "*", Texts(rule, "resourceNames"));

    /// <param name="kind">The request's kind, or an equivalent one.</param>
    public bool Matches(AdmissionRequest request, Kind kind) =>
        InScope(request)
        && Has(Operations, request.Operation.ToString().ToUpperInvariant())
        && Has(Groups, kind.Group)
        && Has(Versions, kind.Version)
        && Resources.Any(resource => Covers(resource, kind.Plural, request.Subresource ?? ""))
        && (Names.Count == 0 || Names.Contains(request.Name));

    private static bool Has(IReadOnlyList<string> list, string value) => list.Any(item => item == "*" || item == value);

    private static bool Covers(string pattern, string plural, string subresource)
    {
        var at = pattern.IndexOf('/', StringComparison.Ordinal);
        var (resource, below) = at < 0 ? (pattern, "") : (pattern[..at], pattern[(at + 1)..]);
        return (resource == "*" || resource == plural) && (below == "*" || below == subresource);
    }

    // A namespace is no member of itself.
    private bool InScope(AdmissionRequest request) => Scope switch
    {
        "Namespaced" => request.Kind.IsNamespaced,
        "Cluster" => !request.Kind.IsNamespaced,
        _ => true,
    };

    private static List<string> Texts(JsonObject rule, string name) => [.. rule.Array(name)?.Select(node => node.AsString() ?? "") ?? []];
}
