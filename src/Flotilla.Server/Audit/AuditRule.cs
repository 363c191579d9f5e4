using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Audit;

/// <summary>One rule of a policy. Empty lists match everything.</summary>
internal sealed record AuditRule(
    AuditDecision Decision,
    IReadOnlyList<string> Users,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> Verbs,
    IReadOnlyList<string> Namespaces,
    IReadOnlyList<string> Urls,
    IReadOnlyList<(string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Names)> Resources)
{
    public static AuditRule FromJson(JsonObject rule, JsonObject policy)
    {
        var omitted = Texts(policy, "omitStages").Concat(Texts(rule, "omitStages")).ToHashSet(StringComparer.Ordinal);
        var decision = new AuditDecision(
            Enum.Parse<AuditLevel>(rule.String("level")!), omitted, rule.Boolean("omitManagedFields") ?? policy.Boolean("omitManagedFields") ?? false);
        return new AuditRule(
            decision,
            Texts(rule, "users"),
            Texts(rule, "userGroups"),
            Texts(rule, "verbs"),
            Texts(rule, "namespaces"),
            Texts(rule, "nonResourceURLs"),
            [.. rule.Objects("resources").Select(item => (item.String("group") ?? "", Texts(item, "resources"), Texts(item, "resourceNames")))]);
    }

    public bool Matches(RequestUser user, AccessAttributes wanted) =>
        Has(Users, user.Name)
        && (Groups.Count == 0 || user.Groups.Any(Groups.Contains))
        && Has(Verbs, wanted.Verb)
        && (Namespaces.Count > 0 || Resources.Count > 0 ? MatchesResource(wanted) : Urls.Count == 0 || MatchesPath(wanted));

    private bool MatchesResource(AccessAttributes wanted) =>
        wanted.IsResource
        && Has(Namespaces, wanted.Namespace ?? "")
        && (Resources.Count == 0 || Resources.Any(item =>
            item.Group == wanted.Group
            && (item.Resources.Count == 0 || ((item.Names.Count == 0 || item.Names.Contains(wanted.Name)) && item.Resources.Any(resource => MatchesName(resource, wanted))))));

    private bool MatchesPath(AccessAttributes wanted) =>
        wanted.Path is { } path && Urls.Any(url => url == "*" || url == path || (url.EndsWith('*') && path.StartsWith(url[..^1], StringComparison.Ordinal)));

    private static bool MatchesName(string resource, AccessAttributes wanted) =>
        resource == "*"
        || resource == wanted.FullResource
        || (wanted.Subresource.Length > 0 && (resource == $"*/{wanted.Subresource}" || resource == $"{wanted.Resource}/*"));

    private static bool Has(IReadOnlyList<string> list, string value) => list.Count == 0 || list.Contains(value);

    private static IReadOnlyList<string> Texts(JsonObject owner, string name) => [.. (owner.Array(name) ?? []).Select(node => node.AsString() ?? "")];
}
