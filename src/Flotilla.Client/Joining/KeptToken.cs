using System.Security.Cryptography;
using System.Text;
using k8s.Models;

namespace Flotilla.Client.Joining;

/// <summary>
/// What the cluster remembers of a token: a hash of its secret, so that who can read Secrets cannot use it, and when it ends.
/// Those that ended are kept for a while, so that whoever comes with one can be told. By one for managers alone servers
/// join; beside one for workers there is upstream's bootstrap token. Pure.
/// </summary>
public sealed record KeptToken(TokenRole Role, string Id, string SecretHash, DateTimeOffset? Expires, DateTimeOffset? Revoked, string Description)
{
    public const string Namespace = TokenSecret.Namespace;

    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public bool Holds(DateTimeOffset now) => Revoked is null && !(Expires <= now);

    /// <summary>When it ceased to hold; null: it holds, or will till then.</summary>
    public DateTimeOffset? EndedBy(DateTimeOffset now) => Revoked ?? (Expires <= now ? Expires : null);

    /// <summary>Null: whoever shows this secret may join.</summary>
    public string? ProblemOf(string secret, DateTimeOffset now)
    {
        // Only who knows the secret hears more.
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(HashOf(secret)), Encoding.ASCII.GetBytes(SecretHash)))
        {
            return $"The {Role.Title} {Id} has another secret than this one: it is mistyped; copy it again, or {Role.Remedy}.";
        }

        return Revoked is { } revoked ? $"The {Role.Title} {Id} was revoked at {TokenSecret.Text(revoked)}; {Role.Remedy}."
            : Expires <= now ? $"The {Role.Title} {Id} expired at {TokenSecret.Text(Expires.Value)}; {Role.Remedy}."
            : null;
    }

    /// <summary>Null: a Secret of another kind.</summary>
    public static KeptToken? From(TokenRole role, V1Secret secret) => secret.Type == role.Type
        ? new KeptToken(
            role, TokenSecret.Field(secret, "token-id"), TokenSecret.Field(secret, "token-secret-hash"), TokenSecret.Time(secret, "expiration"), TokenSecret.Time(secret, "revoked"), TokenSecret.Field(secret, "description"))
        : null;

    public V1Secret ToSecret()
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token-id"] = Id,
            ["token-secret-hash"] = SecretHash,
            ["description"] = Description,
        };
        foreach (var (key, time) in new[] { ("expiration", Expires), ("revoked", Revoked) })
        {
            if (time is { } moment)
            {
                fields[key] = TokenSecret.Text(moment);
            }
        }

        return TokenSecret.For(Role.NameOf(Id), Role.Type, fields);
    }
}
