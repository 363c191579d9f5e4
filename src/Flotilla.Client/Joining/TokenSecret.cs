using System.Globalization;
using System.Text;
using k8s.Models;

namespace Flotilla.Client.Joining;

/// <summary>The Secrets that tokens are kept in: texts as upstream's bootstrap tokens have them. Pure.</summary>
public static class TokenSecret
{
    public const string Namespace = "kube-system";

    public static V1Secret For(string name, string type, IDictionary<string, string> fields) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Namespace },
        Type = type,
        StringData = fields,
    };

    /// <summary>Empty: it has none of that name.</summary>
    public static string Field(V1Secret secret, string name) => secret.Data is { } data && data.TryGetValue(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>A time that cannot be read counts as past, as upstream's authenticator has it. Null: none is given.</summary>
    public static DateTimeOffset? Time(V1Secret secret, string name) => Field(secret, name) is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : DateTimeOffset.UnixEpoch;
}
