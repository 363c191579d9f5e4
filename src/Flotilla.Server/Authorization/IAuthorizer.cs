using Flotilla.Server.Authorization.Rbac;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authorization;

public enum Verdict
{
    /// <summary>The next authorizer decides; after the last one it means no.</summary>
    NoOpinion,
    Allow,
    Deny,
}

/// <param name="Reason">For people; empty when there is nothing to say.</param>
/// <param name="Error">What kept an authorizer from knowing for sure.</param>
public readonly record struct Decision(Verdict Verdict, string Reason = "", string? Error = null)
{
    public static readonly Decision None = new(Verdict.NoOpinion);

    public static readonly Decision Allowed = new(Verdict.Allow);

    public bool IsAllowed => Verdict == Verdict.Allow;
}

/// <summary>The rules that apply to a user in a namespace, as far as an authorizer can list them.</summary>
/// <param name="Errors">Why the list may be incomplete.</param>
public sealed record RuleList(IReadOnlyList<PolicyRule> Rules, IReadOnlyList<string> Errors, bool IsIncomplete = false)
{
    public static readonly RuleList Empty = new([], []);
}

/// <summary>One of the parties that decide who may do what; they are asked in order until one has an opinion.</summary>
public interface IAuthorizer
{
    ValueTask<Decision> DecideAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken);

    ValueTask<RuleList> RulesAsync(RequestUser user, string? space, CancellationToken cancellationToken) => ValueTask.FromResult(RuleList.Empty);
}
