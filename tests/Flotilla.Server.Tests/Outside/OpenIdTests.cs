using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authentication.OpenId;
using Flotilla.Server.Authorization;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Flotilla.Server.Tests.Outside;

public sealed class OpenIdTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly RSA key = RSA.Create(2048);
    private OutsideServer server = null!;
    private OtherParties parties = null!;
    private string distributed = "";

    public async ValueTask InitializeAsync()
    {
        server = await OutsideServer.StartAsync((path, _) => path switch
        {
            "/.well-known/openid-configuration" => new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = $"{Issuer}/keys" },
            "/keys" => Keys(),
            "/groups" => JsonValue.Create(distributed),
            _ => null,
        });
        var options = new ApiServerOptions
        {
            OpenId = new OpenIdOptions { Issuer = new Uri(Issuer), ClientId = "cluster", CaFile = server.CaFile, GroupsClaim = "groups", GroupsPrefix = "oidc:", RequiredClaims = new Dictionary<string, string> { ["hd"] = "example.com" } },
        };
        parties = new OtherParties(options, time);
    }

    public async ValueTask DisposeAsync()
    {
        parties.Dispose();
        await server.DisposeAsync();
        key.Dispose();
    }

    private string Issuer => server.Address.ToString().TrimEnd('/');

    [Fact]
    public async Task A_token_of_the_issuer_names_its_user_and_groups()
    {
        var found = await parties.Tokens.Single().IdentifyAsync(Token("cluster"), [], TestContext.Current.CancellationToken);
        Assert.Equal($"{Issuer}#alice", found.User!.Name);
        Assert.Equal(["oidc:dev", "oidc:ops", "system:authenticated"], found.User.Groups);
        await parties.Tokens.Single().IdentifyAsync(Token("cluster"), [], TestContext.Current.CancellationToken);
        Assert.Equal(2, server.Asked);
    }

    [Fact]
    public async Task Tokens_that_are_late_forged_or_for_somebody_else_are_rejected()
    {
        using var stranger = RSA.Create(2048);
        foreach (var bad in (string[])[Token("another"), Token("cluster", signer: stranger), Token("cluster", company: "other.com")])
        {
            var found = await parties.Tokens.Single().IdentifyAsync(bad, [], TestContext.Current.CancellationToken);
            Assert.Null(found.User);
            Assert.StartsWith("oidc: ", found.Rejection, StringComparison.Ordinal);
        }

        var token = Token("cluster");
        time.Advance(TimeSpan.FromHours(2));
        Assert.NotNull((await parties.Tokens.Single().IdentifyAsync(token, [], TestContext.Current.CancellationToken)).Rejection);
    }

    [Fact]
    public async Task Tokens_of_others_are_left_to_others()
    {
        var foreign = Token("cluster", issuer: "https://elsewhere.example.com");
        foreach (var other in (string[])[foreign, "a.b.c", "nonsense"])
        {
            Assert.Null((await parties.Tokens.Single().IdentifyAsync(other, [], TestContext.Current.CancellationToken)).Rejection);
        }

        Assert.Equal(0, server.Asked);
    }

    [Fact]
    public async Task Groups_may_be_kept_elsewhere_and_are_signed_there_too()
    {
        var elsewhere = new Dictionary<string, object>
        {
            ["_claim_names"] = new Dictionary<string, object> { ["groups"] = "src" },
            ["_claim_sources"] = new Dictionary<string, object> { ["src"] = new Dictionary<string, object> { ["endpoint"] = $"{Issuer}/groups", ["access_token"] = "secret" } },
        };
        distributed = Token("cluster", claims: new() { ["groups"] = new[] { "far", "away" } });
        var found = await IdentifyAsync(Token("cluster", claims: new(elsewhere)));
        Assert.Equal(["oidc:far", "oidc:away", "system:authenticated"], found.User?.Groups);
        Assert.Equal("Bearer secret", server.Authorization);

        distributed = Token("another", claims: new() { ["groups"] = "x" });
        Assert.StartsWith("oidc: could not expand distributed claims: verify distributed claim token: ", (await IdentifyAsync(Token("cluster", claims: new(elsewhere)))).Rejection, StringComparison.Ordinal);
        distributed = Token("cluster", claims: []);
        Assert.EndsWith("did not contain claim: groups", (await IdentifyAsync(Token("cluster", claims: new(elsewhere)))).Rejection, StringComparison.Ordinal);
        elsewhere.Remove("_claim_sources");
        Assert.Equal("oidc: could not expand distributed claims: oidc: no claim sources", (await IdentifyAsync(Token("cluster", claims: new(elsewhere)))).Rejection);
    }

    private async Task<Identification> IdentifyAsync(string token) => await parties.Tokens.Single().IdentifyAsync(token, [], TestContext.Current.CancellationToken);

    private JsonObject Keys()
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        var one = new JsonObject { ["kty"] = "RSA", ["kid"] = "k1", ["use"] = "sig", ["alg"] = "RS256", ["n"] = Base64UrlEncoder.Encode(parameters.Modulus), ["e"] = Base64UrlEncoder.Encode(parameters.Exponent) };
        return new JsonObject { ["keys"] = new JsonArray(one) };
    }

    private string Token(string audience, string? issuer = null, RSA? signer = null, string company = "example.com", Dictionary<string, object>? claims = null)
    {
        var now = time.GetUtcNow().UtcDateTime;
        claims ??= new() { ["groups"] = new[] { "dev", "ops" } };
        (claims["sub"], claims["hd"]) = ("alice", company);
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Issuer,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddHours(1),
            Claims = claims,
            SigningCredentials = new SigningCredentials(new RsaSecurityKey(signer ?? key) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256),
        });
    }
}
