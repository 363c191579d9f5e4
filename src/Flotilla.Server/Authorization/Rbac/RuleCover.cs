namespace Flotilla.Server.Authorization.Rbac;

/// <summary>Whether some rules grant at least what others do. Pure.</summary>
public static class RuleCover
{
    /// <summary>The single permissions of <paramref name="wanted"/> that no rule in <paramref name="held"/> grants.</summary>
    public static IReadOnlyList<PolicyRule> Missing(IReadOnlyList<PolicyRule> held, IEnumerable<PolicyRule> wanted) =>
        [.. wanted.SelectMany(BreakDown).Where(permission => !held.Any(rule => Covers(rule, permission)))];

    /// <summary>Permissions that differ only in their verb, as one rule with several.</summary>
    public static IEnumerable<PolicyRule> Compact(IEnumerable<PolicyRule> permissions) =>
        permissions
            .GroupBy(one => one.Urls.Count > 0
                ? (Group: "", Resource: "", Name: "", Url: one.Urls[0] + "\n" + one.Verbs[0])
                : (Group: one.Groups[0], Resource: one.Resources[0], Name: one.Names.Count > 0 ? "=" + one.Names[0] : "", Url: ""))
            .Select(group => group.First() with { Verbs = [.. group.SelectMany(one => one.Verbs)] });

    public static bool CoversUrl(string owned, string path) =>
        owned == path || (owned.EndsWith('*') && path.StartsWith(owned.TrimEnd('*'), StringComparison.Ordinal));

    private static IEnumerable<PolicyRule> BreakDown(PolicyRule rule)
    {
        foreach (var (group, resource, verb) in rule.Groups.SelectMany(group => rule.Resources.SelectMany(resource => rule.Verbs.Select(verb => (group, resource, verb)))))
        {
            if (rule.Names.Count == 0)
            {
                yield return new PolicyRule([verb], [group], [resource], [], []);
            }

            foreach (var name in rule.Names)
            {
                yield return new PolicyRule([verb], [group], [resource], [name], []);
            }
        }

        foreach (var (url, verb) in rule.Urls.SelectMany(url => rule.Verbs.Select(verb => (url, verb))))
        {
            yield return new PolicyRule([verb], [], [], [], [url]);
        }
    }

    private static bool Covers(PolicyRule held, PolicyRule permission) =>
        HasAll(held.Verbs, permission.Verbs)
        && HasAll(held.Groups, permission.Groups)
        && permission.Resources.All(resource => CoversResource(held.Resources, resource))
        && permission.Urls.All(path => held.Urls.Any(owned => CoversUrl(owned, path)))
        && (held.Names.Count == 0 || (permission.Names.Count > 0 && permission.Names.All(held.Names.Contains)));

    private static bool CoversResource(IReadOnlyList<string> held, string resource) =>
        held.Contains("*")
        || held.Contains(resource)
        || (resource.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && held.Contains("*" + resource[slash..]));

    private static bool HasAll(IReadOnlyList<string> held, IReadOnlyList<string> wanted) => held.Contains("*") || wanted.All(held.Contains);
}
