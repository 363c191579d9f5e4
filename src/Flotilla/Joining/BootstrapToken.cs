using System.Globalization;
using System.Text;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>A join token as the cluster keeps it: a Secret of upstream's type for bootstrap tokens. Pure.</summary>
internal sealed record BootstrapToken(string Id, string Secret, DateTimeOffset? Expires, string Description)
{
    public const string Namespace = "kube-system";
    public const string Type = "bootstrap.kubernetes.io/token";
    private const string NamePrefix = "bootstrap-token-";
    private const string NodesGroup = "system:bootstrappers:flotilla:nodes";

    public static string NameOf(string id) => NamePrefix + id;

    /// <summary>Null: a token for something else than joining.</summary>
    public static BootstrapToken? From(V1Secret secret)
    {
        string Text(string key) => secret.Data is { } data && data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
        var groups = Text("auth-extra-groups").Split(',', StringSplitOptions.TrimEntries);
        if (secret.Type != Type || !groups.Contains(NodesGroup))
        {
            return null;
        }

        var expires = Text("expiration") is { Length: > 0 } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : (DateTimeOffset?)null;
        return new BootstrapToken(Text("token-id"), Text("token-secret"), expires, Text("description"));
    }

    public V1Secret ToSecret()
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token-id"] = Id,
            ["token-secret"] = Secret,
            ["usage-bootstrap-authentication"] = "true",
            ["auth-extra-groups"] = NodesGroup,
            ["description"] = Description,
        };
        if (Expires is { } end)
        {
            fields["expiration"] = end.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
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

    public JoinToken For(string authorityHash) => new(authorityHash, Id, Secret);
}
