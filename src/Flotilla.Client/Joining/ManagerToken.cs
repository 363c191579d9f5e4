using System.Security.Cryptography;
using System.Text;
using k8s.Models;

namespace Flotilla.Client.Joining;

/// <summary>
/// A token by which servers join, as the cluster keeps it. Who holds one gets the cluster's keys, so only a hash of its secret
/// is stored: who can read Secrets cannot use it. Revoked ones are kept for a while, so that it can be told. Pure.
/// </summary>
public sealed record ManagerToken(string Id, string SecretHash, DateTimeOffset? Expires, DateTimeOffset? Revoked, string Description)
{
    public const string Namespace = TokenSecret.Namespace;
    public const string Type = "flotilla.dev/manager-token";
    private const string NamePrefix = "manager-token-";
    private const string Remedy = "make a new one with 'flotilla token create --manager' on a server";

    public static string NameOf(string id) => NamePrefix + id;

    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public static string Unknown(string id) => $"There is no manager token {id} in this cluster: it is mistyped, or one for workers; {Remedy}.";

    public bool Holds(DateTimeOffset now) => Revoked is null && !(Expires <= now);

    /// <summary>When it ceased to hold; null: it holds, or will till then.</summary>
    public DateTimeOffset? EndedBy(DateTimeOffset now) => Revoked ?? (Expires <= now ? Expires : null);

    /// <summary>Null: whoever shows this secret may have the cluster's keys.</summary>
    public string? ProblemOf(string secret, DateTimeOffset now)
    {
        // Only who knows the secret hears more.
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(HashOf(secret)), Encoding.ASCII.GetBytes(SecretHash)))
        {
            return $"The manager token {Id} has another secret than this one: it is mistyped; copy it again, or {Remedy}.";
        }

        return Revoked is { } revoked ? $"The manager token {Id} was revoked at {TokenSecret.Text(revoked)}; {Remedy}."
            : Expires <= now ? $"The manager token {Id} expired at {TokenSecret.Text(Expires.Value)}; {Remedy}."
            : null;
    }

    /// <summary>Null: a Secret of another kind.</summary>
    public static ManagerToken? From(V1Secret secret) => secret.Type == Type
        ? new ManagerToken(
            TokenSecret.Field(secret, "token-id"), TokenSecret.Field(secret, "token-secret-hash"), TokenSecret.Time(secret, "expiration"), TokenSecret.Time(secret, "revoked"), TokenSecret.Field(secret, "description"))
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

        return TokenSecret.For(NameOf(Id), Type, fields);
    }
}
