using Flotilla.Api;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authorization;

/// <summary>Decides who may do what, by asking each authorizer in turn. Members of <c>system:masters</c> may do everything.</summary>
public sealed class Authorizer(IReadOnlyList<IAuthorizer> authorizers)
{
    /// <exception cref="ApiException">403: the caller may not.</exception>
    public async ValueTask AuthorizeAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.User.IsMaster)
        {
            return;
        }

        var wanted = RequestAttributes.Of(request);
        var decision = await DecideAsync(request.User, wanted, cancellationToken);
        if (decision.Reason.Length > 0)
        {
            request.Notes.Annotate("authorization.k8s.io/reason", decision.Reason);
        }

        if (!decision.IsAllowed)
        {
            throw Refusals.Explain(request.User, wanted, decision.Reason);
        }
    }

    /// <exception cref="ApiException">403: the user may not.</exception>
    public async ValueTask AuthorizeAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        if (await DecideAsync(user, wanted, cancellationToken) is { IsAllowed: false } refused)
        {
            throw Refusals.Explain(user, wanted, refused.Reason);
        }
    }

    public async ValueTask<bool> IsAllowedAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken) =>
        (await DecideAsync(user, wanted, cancellationToken)).IsAllowed;

    public async ValueTask<Decision> DecideAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        if (user.IsMaster)
        {
            return Decision.Allowed;
        }

        var (reason, error) = ("", (string?)null);
        foreach (var authorizer in authorizers)
        {
            var decision = await authorizer.DecideAsync(user, wanted, cancellationToken);
            if (decision.Verdict != Verdict.NoOpinion)
            {
                return decision;
            }

            reason = Join(reason, decision.Reason);
            error = decision.Error is null ? error : Join(error ?? "", decision.Error);
        }

        return new Decision(Verdict.NoOpinion, reason, error);
    }

    /// <summary>All rules that apply to a user, cluster-wide and in one namespace.</summary>
    public async ValueTask<RuleList> RulesAsync(RequestUser user, string? space, CancellationToken cancellationToken)
    {
        var lists = new List<RuleList>();
        foreach (var authorizer in authorizers)
        {
            lists.Add(await authorizer.RulesAsync(user, space, cancellationToken));
        }

        return new RuleList([.. lists.SelectMany(list => list.Rules)], [.. lists.SelectMany(list => list.Errors)], lists.Exists(list => list.IsIncomplete));
    }

    private static string Join(string first, string second) => first.Length == 0 ? second : second.Length == 0 ? first : $"{first}\n{second}";
}
