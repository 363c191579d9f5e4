using Flotilla.Cel;
using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>
/// Answers what expressions ask about permissions. Evaluation cannot wait, so an unknown answer is noted, asked for
/// afterwards, and the expression evaluated again.
/// </summary>
internal sealed class AskedAuthorizer(Authorizer authorizer, RequestUser user) : ICelAuthorizer
{
    private readonly Dictionary<CelAuthorizationQuery, CelDecision> known = [];
    private readonly HashSet<CelAuthorizationQuery> unknown = [];

    public bool IsWaiting => unknown.Count > 0;

    public CelDecision Check(CelAuthorizationQuery query)
    {
        if (known.TryGetValue(query, out var decision))
        {
            return decision;
        }

        unknown.Add(query);
        return new CelDecision(false);
    }

    public async ValueTask AnswerAsync(CancellationToken cancellationToken)
    {
        foreach (var query in unknown)
        {
            var decision = await authorizer.DecideAsync(Asker(query), Attributes(query), cancellationToken);
            known[query] = new CelDecision(decision.IsAllowed, decision.Reason, decision.Error);
        }

        unknown.Clear();
    }

    private RequestUser Asker(CelAuthorizationQuery query) => query.ServiceAccount is { } account
        ? new RequestUser(
            $"system:serviceaccount:{account.Namespace}:{account.Name}",
            ["system:serviceaccounts", $"system:serviceaccounts:{account.Namespace}", RequestUser.Authenticated])
        : user;

    private static AccessAttributes Attributes(CelAuthorizationQuery query) => query.Path is { } path
        ? new AccessAttributes(query.Verb, Path: path)
        : new AccessAttributes(query.Verb, query.Group, query.Resource ?? "", query.Subresource ?? "", string.IsNullOrEmpty(query.Namespace) ? null : query.Namespace, query.Name ?? "");
}
