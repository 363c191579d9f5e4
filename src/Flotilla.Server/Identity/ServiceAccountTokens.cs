using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Flotilla.Server.Identity;

/// <summary>
/// Signs and checks the tokens of service accounts (JWT, ES256). It knows signatures and times; whether the account and
/// the bound objects still exist is for the caller to look up. May be used from any thread.
/// </summary>
public sealed class ServiceAccountTokens(ECDsa key, TimeProvider time)
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";
    private const string Algorithm = "ES256";

    private readonly Lock gate = new();

    /// <summary>The audiences of tokens for the API server itself.</summary>
    public static IReadOnlyList<string> DefaultAudiences { get; } = [Issuer];

    public string KeyId { get; } = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

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
        var signed = Encode(JsonSerializer.SerializeToUtf8Bytes(new TokenHeader(Algorithm, KeyId), TokenJson.Default.TokenHeader))
            + "." + Encode(JsonSerializer.SerializeToUtf8Bytes(payload, TokenJson.Default.TokenPayload));
        lock (gate)
        {
            var signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
            return new IssuedToken($"{signed}.{Encode(signature)}", DateTimeOffset.FromUnixTimeSeconds(payload.ExpiresSeconds));
        }
    }

    /// <param name="audiences">Whom the caller speaks for; empty: the API server. One of them must be the token's.</param>
    public TokenVerdict Verify(string token, IReadOnlyCollection<string> audiences)
    {
        if (Parse(token) is not { } payload)
        {
            return TokenVerdict.Reject("invalid bearer token");
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
            ? TokenVerdict.Reject($"token audiences [{string.Join(' ', payload.Audiences)}] is invalid for the target audiences [{string.Join(' ', wanted)}]")
            : new TokenVerdict(payload.Claims, payload.TokenId, meant, Rejection: null);
    }

    /// <summary>The public key for everybody else who checks tokens, as a JSON Web Key Set.</summary>
    public byte[] KeySet()
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var set = new PublicKeySet([new PublicKey("sig", "EC", KeyId, "P-256", Algorithm, Encode(point.X), Encode(point.Y))]);
        return JsonSerializer.SerializeToUtf8Bytes(set, TokenJson.Default.PublicKeySet);
    }

    private static string Encode(byte[]? bytes) => Base64Url.EncodeToString(bytes);

    // Null: not a token of ours. What it says is read only after its signature has been checked.
    private TokenPayload? Parse(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return null;
        }

        try
        {
            var header = JsonSerializer.Deserialize(Base64Url.DecodeFromChars(parts[0]), TokenJson.Default.TokenHeader);
            if (header is not { Algorithm: Algorithm } || header.KeyId != KeyId || !IsSigned($"{parts[0]}.{parts[1]}", parts[2]))
            {
                return null;
            }

            var payload = JsonSerializer.Deserialize(Base64Url.DecodeFromChars(parts[1]), TokenJson.Default.TokenPayload);
            return payload?.Issuer == Issuer && payload.Subject == payload.Claims.UserName ? payload : null;
        }
        catch (Exception failure) when (failure is FormatException or JsonException)
        {
            return null;
        }
    }

    private bool IsSigned(string signed, string signature)
    {
        var bytes = Base64Url.DecodeFromChars(signature);
        lock (gate)
        {
            return key.VerifyData(Encoding.UTF8.GetBytes(signed), bytes, HashAlgorithmName.SHA256);
        }
    }
}
