using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>A join token as the cluster keeps it: a Secret of upstream's type for bootstrap tokens. Pure.</summary>
internal sealed record BootstrapToken(string Id, string Secret, DateTimeOffset? Expires, string Description)
{
    public const string Namespace = TokenSecret.Namespace;
    public const string Type = "bootstrap.kubernetes.io/token";
    private const string NamePrefix = "bootstrap-token-";
    private const string NodesGroup = "system:bootstrappers:flotilla:nodes";

    public static string NameOf(string id) => NamePrefix + id;

    /// <summary>Null: a token for something else than joining.</summary>
    public static BootstrapToken? From(V1Secret secret)
    {
        var groups = TokenSecret.Field(secret, "auth-extra-groups").Split(',', StringSplitOptions.TrimEntries);
        return secret.Type == Type && groups.Contains(NodesGroup)
            ? new BootstrapToken(TokenSecret.Field(secret, "token-id"), TokenSecret.Field(secret, "token-secret"), TokenSecret.Time(secret, "expiration"), TokenSecret.Field(secret, "description"))
            : null;
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
            fields["expiration"] = TokenSecret.Text(end);
        }

        return TokenSecret.For(NameOf(Id), Type, fields);
    }

    public JoinToken For(string authorityHash) => new(authorityHash, Id, Secret);
}
