using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Controllers.RoleAggregation;

/// <summary>The rules of an aggregated role. Pure.</summary>
internal static class RoleUnion
{
    /// <summary>The rules of all roles that one of the selectors picks, in the order of their names, each once.</summary>
    public static IReadOnlyList<V1PolicyRule> For(V1ClusterRole union, IEnumerable<V1ClusterRole> roles)
    {
        var rules = new List<V1PolicyRule>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var selector in union.AggregationRule.ClusterRoleSelectors ?? [])
        {
            var parts = roles.Where(role => role.Metadata.Name != union.Metadata.Name && selector.Matches(role.Metadata.Labels));
            foreach (var rule in parts.OrderBy(role => role.Metadata.Name, StringComparer.Ordinal).SelectMany(role => role.Rules ?? []))
            {
                if (seen.Add(Identity(rule)))
                {
                    rules.Add(rule);
                }
            }
        }

        return rules;
    }

    public static bool Same(IEnumerable<V1PolicyRule>? left, IEnumerable<V1PolicyRule>? right) =>
        (left ?? []).Select(Identity).SequenceEqual((right ?? []).Select(Identity), StringComparer.Ordinal);

    private static string Identity(V1PolicyRule rule) => System.Text.Encoding.UTF8.GetString(ObjectJson.Encode(rule));
}
