using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Server.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Identity;

public sealed class ServiceAccountTokensTests
{
    private readonly FakeTimeProvider time = new();
    private readonly ServiceAccountTokens tokens;
    private readonly ServiceAccountClaims claims = new("shop", new BoundObject("cart", "u1")) { Pod = new("cart-0", "u2"), Node = new("n1", "u3") };

    public ServiceAccountTokensTests() => tokens = Create();

    [Fact]
    public void A_token_says_what_kubernetes_says()
    {
        var issued = tokens.Issue(claims, [], TimeSpan.FromHours(1));

        var payload = Payload(issued.Token);
        Assert.Equal("system:serviceaccount:shop:cart", (string?)payload["sub"]);
        Assert.Equal("https://kubernetes.default.svc.cluster.local", (string?)payload["iss"]);
        Assert.Equal("https://kubernetes.default.svc.cluster.local", (string?)payload["aud"]![0]);
        Assert.Equal(3600, (long)payload["exp"]! - (long)payload["iat"]!);
        Assert.Equal(
            """{"namespace":"shop","serviceaccount":{"name":"cart","uid":"u1"},"node":{"name":"n1","uid":"u3"},"pod":{"name":"cart-0","uid":"u2"}}""",
            payload["kubernetes.io"]!.ToJsonString());
    }

    [Fact]
    public void A_token_is_accepted_until_it_expires()
    {
        var token = tokens.Issue(claims, [], TimeSpan.FromHours(1)).Token;

        Assert.Equal(claims, tokens.Verify(token, []).Claims);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("service account token has expired", tokens.Verify(token, []).Rejection);
    }

    [Fact]
    public void A_token_is_only_good_for_its_audiences()
    {
        var token = tokens.Issue(claims, ["vault", "mail"], TimeSpan.FromHours(1)).Token;

        Assert.Equal(["vault"], tokens.Verify(token, ["bank", "vault"]).Audiences);
        Assert.NotNull(tokens.Verify(token, []).Rejection);
    }

    [Fact]
    public void What_another_key_signed_or_anybody_changed_is_rejected()
    {
        var token = tokens.Issue(claims, [], TimeSpan.FromHours(1)).Token;
        var parts = token.Split('.');
        var payload = Payload(token);
        payload["sub"] = "system:serviceaccount:kube-system:root";
        var changed = $"{parts[0]}.{Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(payload.ToJsonString()))}.{parts[2]}";

        Assert.All(
            [Create().Issue(claims, [], TimeSpan.FromHours(1)).Token, changed, "", "a.b.c", "..", token[..^4]],
            bad => Assert.NotNull(tokens.Verify(bad, []).Rejection));
    }

    [Fact]
    public void The_public_key_is_published_under_the_tokens_key_id()
    {
        var keys = JsonNode.Parse(tokens.KeySet())!["keys"]!.AsArray();

        Assert.Equal(tokens.KeyId, (string?)Assert.Single(keys)!["kid"]);
    }

    private static JsonNode Payload(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;

    private ServiceAccountTokens Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), time);
}
