using Flotilla.Api.Kinds;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Authentication.Tokens;

/// <summary>Tokens of service accounts: signed by us, meant for us, and neither the account nor what they are bound to is gone.</summary>
public sealed class ServiceAccountAuthenticator(IStore store, ServiceAccountTokens tokens, TimeProvider time) : ITokenAuthenticator
{
    private const string Invalidated = "service account token has been invalidated";

    // Something being deleted keeps its tokens for a while, so that it can end in order.
    private static readonly TimeSpan DeletionLeeway = TimeSpan.FromSeconds(60);

    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        var verdict = tokens.Verify(token, audiences);
        if (verdict.Claims is not { } claims)
        {
            return verdict == TokenVerdict.NotOurs ? Identification.Nobody : Identification.Reject(verdict.Rejection!);
        }

        return await ProblemAsync(claims, cancellationToken) is { } problem
            ? Identification.Reject(problem)
            : new Identification(UserOf(claims, verdict.TokenId!), Audiences: verdict.Audiences);
    }

    private static RequestUser UserOf(ServiceAccountClaims claims, string tokenId) => new(
        claims.UserName,
        claims.Groups,
        claims.ServiceAccount.Uid,
        UserExtra.Of(
            (UserExtra.CredentialId, $"JTI={tokenId}"),
            (UserExtra.NodeName, claims.Node?.Name),
            (UserExtra.NodeUid, claims.Node?.Uid),
            (UserExtra.PodName, claims.Pod?.Name),
            (UserExtra.PodUid, claims.Pod?.Uid)));

    private async ValueTask<string?> ProblemAsync(ServiceAccountClaims claims, CancellationToken cancellationToken)
    {
        var account = claims.ServiceAccount;
        if (await FindAsync(CoreKinds.ServiceAccount, claims.Namespace, account, cancellationToken) is not { } found)
        {
            return $"serviceaccounts \"{account.Name}\" not found";
        }

        if (found.Uid != account.Uid)
        {
            return $"service account UID ({found.Uid}) does not match claim ({account.Uid})";
        }

        if (IsLongDeleted(found))
        {
            return "service account has been deleted";
        }

        return await ProblemAsync(CoreKinds.Secret, "secret", claims.Namespace, claims.Secret, cancellationToken)
            ?? await ProblemAsync(CoreKinds.Pod, "pod", claims.Namespace, claims.Pod, cancellationToken)
            ?? (claims.Pod is null ? await ProblemAsync(CoreKinds.Node, "node", null, claims.Node, cancellationToken) : null);
    }

    private async ValueTask<string?> ProblemAsync(Kind kind, string word, string? space, BoundObject? bound, CancellationToken cancellationToken)
    {
        if (bound is null)
        {
            return null;
        }

        if (await FindAsync(kind, space, bound, cancellationToken) is not { } found || IsLongDeleted(found))
        {
            return Invalidated;
        }

        return found.Uid == bound.Uid ? null : $"{word} UID ({found.Uid}) does not match service account {word} ref claim ({bound.Uid})";
    }

    private bool IsLongDeleted(StoredIdentity found) => found.Deleted is { } deleted && deleted < time.GetUtcNow() - DeletionLeeway;

    private async ValueTask<StoredIdentity?> FindAsync(Kind kind, string? space, BoundObject bound, CancellationToken cancellationToken) =>
        await store.GetAsync(kind.KeyOf(new Api.ObjectKey(space, bound.Name)), cancellationToken) is { } entry ? StoredIdentity.Read(entry.Value.Span) : null;
}
