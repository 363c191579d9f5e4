using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Authentication.Tokens;

/// <summary>Tokens that live in a Secret of type <c>kubernetes.io/service-account-token</c>, as long as that Secret holds them.</summary>
public sealed class LegacyTokenAuthenticator(IStore store, ServiceAccountTokens tokens, TimeProvider time) : ITokenAuthenticator
{
    private const string InvalidSince = "kubernetes.io/legacy-token-invalid-since";
    private const string LastUsed = "kubernetes.io/legacy-token-last-used";
    private const string Invalidated = "Token has been invalidated";

    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        if (tokens.VerifyLegacy(token) is not { } claims)
        {
            return Identification.Nobody;
        }

        // They name no audience: they are for the API server alone.
        IReadOnlyList<string> meant = audiences.Count == 0 ? ServiceAccountTokens.DefaultAudiences : [.. audiences.Intersect(ServiceAccountTokens.DefaultAudiences, StringComparer.Ordinal)];
        if (meant.Count == 0)
        {
            return Identification.Nobody;
        }

        var (problem, warning) = await CheckAsync(claims, token, cancellationToken);
        return problem is not null
            ? Identification.Reject(problem)
            : new Identification(new RequestUser(claims.Subject, ["system:serviceaccounts", $"system:serviceaccounts:{claims.Namespace}", RequestUser.Authenticated], claims.Uid), Audiences: meant, Warnings: warning);
    }

    private async ValueTask<(string? Problem, IReadOnlyList<string>? Warning)> CheckAsync(LegacyPayload claims, string token, CancellationToken cancellationToken)
    {
        if (await store.GetAsync($"{CoreKinds.Secret.StoragePrefix}{claims.Namespace}/{claims.Secret}", cancellationToken) is not { } entry)
        {
            return (Invalidated, null);
        }

        var secret = (JsonObject)GoJson.Parse(entry.Value.Span)!;
        if (secret.Object("metadata").String("deletionTimestamp") is not null || !Holds(secret, token) || secret.Object("metadata").Object("labels").String(InvalidSince) is not null)
        {
            return (Invalidated, null);
        }

        if (await store.GetAsync($"{CoreKinds.ServiceAccount.StoragePrefix}{claims.Namespace}/{claims.Account}", cancellationToken) is not { } owner)
        {
            return ($"serviceaccounts \"{claims.Account}\" not found", null);
        }

        var account = (JsonObject)GoJson.Parse(owner.Value.Span)!;
        var uid = account.Object("metadata").String("uid");
        if (uid != claims.Uid)
        {
            return ($"ServiceAccount UID ({uid}) does not match claim ({claims.Uid})", null);
        }

        await NoteUseAsync(entry, secret, cancellationToken);
        return (null, IsGenerated(account, claims.Secret) ? ["Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens."] : null);
    }

    // Once a day, for the cleaner of tokens that nobody uses. Whoever wrote the Secret meanwhile wins: tomorrow is another day.
    private async Task NoteUseAsync(StoredEntry entry, JsonObject secret, CancellationToken cancellationToken)
    {
        var today = time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var labels = secret.Child("metadata").Child("labels");
        if (labels.String(LastUsed) != today)
        {
            labels[LastUsed] = today;
            await store.WriteAsync(new WriteRequest(entry.Key, StoredObject.Encode(secret, CoreKinds.Secret.Identity), Precondition.MustBeAt(entry.Modified)), cancellationToken);
        }
    }

    private static bool Holds(JsonObject secret, string token) =>
        secret.Object("data").String("token") is { } held
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(held), Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(token))));

    private static bool IsGenerated(JsonObject account, string secret) => account.Objects("secrets").Any(reference => reference.String("name") == secret);
}
