using Flotilla.Server.Objects;

namespace Flotilla.Server.Authorization.Rbac;

/// <summary>
/// Allows what a role grants that is bound to the user or one of the user's groups. It never denies. A refusal first
/// waits for the newest roles and bindings, so that who was granted something may use it at once.
/// </summary>
public sealed class RbacAuthorizer(RbacPolicies policies) : IAuthorizer
{
    public async ValueTask<Decision> DecideAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        var decision = Evaluate(user, wanted);
        return decision.IsAllowed || !await policies.CatchUpAsync(cancellationToken) ? decision : Evaluate(user, wanted);
    }

    public async ValueTask<RuleList> RulesAsync(RequestUser user, string? space, CancellationToken cancellationToken)
    {
        await policies.CatchUpAsync(cancellationToken);
        var (rules, errors) = (new List<PolicyRule>(), new List<string>());
        foreach (var grant in GrantsOf(user, space).Select(pair => pair.Grant).Distinct().OrderBy(grant => grant.Space.Length > 0).ThenBy(grant => grant.Name, StringComparer.Ordinal))
        {
            if (policies.FindRole(grant.RoleKey) is { } found)
            {
                rules.AddRange(found);
            }
            else
            {
                errors.Add(grant.MissingRole);
            }
        }

        return new RuleList(rules, errors);
    }

    /// <summary>The rules of the role that a binding in <paramref name="space"/> names; null: there is no such role.</summary>
    public async ValueTask<IReadOnlyList<PolicyRule>?> RoleAsync(string kind, string space, string name, CancellationToken cancellationToken)
    {
        await policies.CatchUpAsync(cancellationToken);
        return policies.FindRole(RoleGrant.KeyOf(kind, space, name));
    }

    private Decision Evaluate(RequestUser user, AccessAttributes wanted)
    {
        List<string>? missing = null;
        foreach (var (grantee, grant) in GrantsOf(user, wanted.Namespace))
        {
            if (policies.FindRole(grant.RoleKey) is not { } rules)
            {
                (missing ??= []).Add(grant.MissingRole);
                continue;
            }

            for (var i = 0; i < rules.Count; i++)
            {
                if (rules[i].Allows(wanted))
                {
                    return new Decision(Verdict.Allow, grant.Explain(grantee));
                }
            }
        }

        return missing is null ? Decision.None : new Decision(Verdict.NoOpinion, "RBAC: " + Aggregate(missing.Distinct(StringComparer.Ordinal).ToList()));
    }

    // Bindings of the whole cluster come first, as upstream visits them.
    private IEnumerable<(Grantee Grantee, RoleGrant Grant)> GrantsOf(RequestUser user, string? space)
    {
        string[] spaces = string.IsNullOrEmpty(space) ? [""] : ["", space];
        foreach (var place in spaces)
        {
            var own = new Grantee(place, IsGroup: false, user.Name);
            foreach (var grant in policies.GrantsOf(own))
            {
                yield return (own, grant);
            }

            foreach (var group in user.Groups)
            {
                var grantee = new Grantee(place, IsGroup: true, group);
                foreach (var grant in policies.GrantsOf(grantee))
                {
                    yield return (grantee, grant);
                }
            }
        }
    }

    internal static string Aggregate(IReadOnlyList<string> errors) => errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]";
}
