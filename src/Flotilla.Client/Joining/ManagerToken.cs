using System.Globalization;
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
    public const string Namespace = "kube-system";
    public const string Type = "flotilla.dev/manager-token";
    private const string NamePrefix = "manager-token-";
    private const string Remedy = "make a new one with 'flotilla token create --manager' on a server";
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ssZ";

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

        return Revoked is { } revoked ? $"The manager token {Id} was revoked at {Text(revoked)}; {Remedy}."
            : Expires <= now ? $"The manager token {Id} expired at {Text(Expires.Value)}; {Remedy}."
            : null;
    }

    /// <summary>Null: a Secret of another kind.</summary>
    public static ManagerToken? From(V1Secret secret)
    {
        string Field(string key) => secret.Data is { } data && data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
        return secret.Type == Type
            ? new ManagerToken(Field("token-id"), Field("token-secret-hash"), TimeOf(Field("expiration")), TimeOf(Field("revoked")), Field("description"))
            : null;
    }

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
                fields[key] = Text(moment);
            }
        }

        return new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Metadata = new V1ObjectMeta { Name = NameOf(Id), NamespaceProperty = Namespace },
            Type = Type,
            StringData = fields,
        };
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    // A time that cannot be read counts as past.
    private static DateTimeOffset? TimeOf(string text) =>
        text.Length == 0 ? null : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;
}
