using System.Text;
using Flotilla.Joining;
using k8s.Models;

namespace Flotilla.Tests.Joining;

public sealed class BootstrapTokenTests
{
    [Fact]
    public void A_token_is_kept_under_upstreams_keys_and_read_back()
    {
        var token = new BootstrapToken("abcdef", "0123456789abcdef", new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero), "for a test");
        var secret = token.ToSecret();

        Assert.Equal("bootstrap-token-abcdef", secret.Metadata.Name);
        Assert.Equal("kube-system", secret.Metadata.NamespaceProperty);
        Assert.Equal("bootstrap.kubernetes.io/token", secret.Type);
        Assert.Equal("2030-01-02T03:04:05Z", secret.StringData["expiration"]);
        Assert.Equal("true", secret.StringData["usage-bootstrap-authentication"]);
        Assert.Equal("system:bootstrappers:flotilla:nodes", secret.StringData["auth-extra-groups"]);
        Assert.Equal(token, BootstrapToken.From(Stored(secret)));
    }

    [Fact]
    public void A_token_for_something_else_is_not_ours()
    {
        var secret = new BootstrapToken("abcdef", "0123456789abcdef", null, "").ToSecret();
        secret.StringData["auth-extra-groups"] = "system:bootstrappers:others";
        Assert.Null(BootstrapToken.From(Stored(secret)));
    }

    private static V1Secret Stored(V1Secret secret) =>
        secret with { StringData = null, Data = secret.StringData.ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value), StringComparer.Ordinal) };
}
