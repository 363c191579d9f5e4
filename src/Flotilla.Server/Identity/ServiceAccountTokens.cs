using System.Security.Cryptography;
using System.Text.Json;

namespace Flotilla.Server.Identity;

/// <summary>
/// Issues and checks the tokens of service accounts. It knows signatures and times; whether the account and the bound
/// objects still exist is for the caller to look up. May be used from any thread.
/// </summary>
public sealed class ServiceAccountTokens(TokenSigner signer, TimeProvider time)
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    public ServiceAccountTokens(ECDsa key, TimeProvider time)
        : this(new TokenSigner([key]), time)
    {
    }

    /// <summary>The audiences of tokens for the API server itself.</summary>
    public static IReadOnlyList<string> DefaultAudiences { get; } = [Issuer];

    public string KeyId => signer.KeyId;

    /// <param name="audiences">Empty: the API server.</param>
    public IssuedToken Issue(ServiceAccountClaims claims, IReadOnlyList<string> audiences, TimeSpan lifetime)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var payload = new TokenPayload
        {
            Audiences = audiences.Count == 0 ? DefaultAudiences : audiences,
            Claims = claims,
            ExpiresSeconds = now + (long)lifetime.TotalSeconds,
            IssuedSeconds = now,
            Issuer = Issuer,
            NotBeforeSeconds = now,
            Subject = claims.UserName,
            TokenId = Guid.NewGuid().ToString(),
        };
        return new IssuedToken(signer.Sign(JsonSerializer.SerializeToUtf8Bytes(payload, TokenJson.Default.TokenPayload)), DateTimeOffset.FromUnixTimeSeconds(payload.ExpiresSeconds))
        {
            TokenId = payload.TokenId,
        };
    }

    /// <summary>The token of an old kind of Secret: without an end, valid as long as the Secret holds it.</summary>
    public string IssueLegacy(string space, string account, string uid, string secret)
    {
        var payload = new LegacyPayload
        {
            Issuer = LegacyPayload.LegacyIssuer,
            Namespace = space,
            Secret = secret,
            Account = account,
            Uid = uid,
            Subject = $"system:serviceaccount:{space}:{account}",
        };
        return signer.Sign(JsonSerializer.SerializeToUtf8Bytes(payload, TokenJson.Default.LegacyPayload));
    }

    /// <param name="audiences">Whom the caller speaks for; empty: the API server. One of them must be the token's.</param>
    public TokenVerdict Verify(string token, IReadOnlyCollection<string> audiences)
    {
        if (Parse(token) is not { } payload)
        {
            return TokenVerdict.NotOurs;
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (now >= payload.ExpiresSeconds)
        {
            return TokenVerdict.Reject("service account token has expired");
        }

        if (now < payload.NotBeforeSeconds)
        {
            return TokenVerdict.Reject("service account token is not valid yet");
        }

        var wanted = audiences.Count == 0 ? DefaultAudiences : audiences;
        var meant = wanted.Intersect(payload.Audiences, StringComparer.Ordinal).ToList();
        return meant.Count == 0
            ? TokenVerdict.Reject($"token audiences [{string.Join(' ', payload.Audiences.Select(name => $"\"{name}\""))}] is invalid for the target audiences [{string.Join(' ', wanted.Select(name => $"\"{name}\""))}]")
            : new TokenVerdict(payload.Claims, payload.TokenId, meant, Rejection: null);
    }

    /// <summary>Null: not a legacy token of ours.</summary>
    internal LegacyPayload? VerifyLegacy(string token) =>
        signer.Open(token) is { } bytes && Read(bytes, TokenJson.Default.LegacyPayload) is { Issuer: LegacyPayload.LegacyIssuer } payload ? payload : null;

    /// <summary>The public keys for everybody else who checks tokens, as a JSON Web Key Set.</summary>
    public byte[] KeySet() => signer.KeySet();

    // What a token says is read only after its signature has been checked.
    private TokenPayload? Parse(string token) =>
        signer.Open(token) is { } bytes && Read(bytes, TokenJson.Default.TokenPayload) is { Issuer: Issuer } payload && payload.Subject == payload.Claims.UserName ? payload : null;

    private static T? Read<T>(byte[] bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type);
        }
        catch (JsonException)
        {
            // Signed by us, but of another kind.
            return null;
        }
    }
}
