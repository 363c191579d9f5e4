using System.Security.Cryptography;
using System.Text.Json.Nodes;
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

    public async ValueTask InitializeAsync()
    {
        server = await OutsideServer.StartAsync((path, _) => path switch
        {
            "/.well-known/openid-configuration" => new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = $"{Issuer}/keys" },
            "/keys" => Keys(),
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

    private JsonObject Keys()
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        var one = new JsonObject { ["kty"] = "RSA", ["kid"] = "k1", ["use"] = "sig", ["alg"] = "RS256", ["n"] = Base64UrlEncoder.Encode(parameters.Modulus), ["e"] = Base64UrlEncoder.Encode(parameters.Exponent) };
        return new JsonObject { ["keys"] = new JsonArray(one) };
    }

    private string Token(string audience, string? issuer = null, RSA? signer = null, string company = "example.com")
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Issuer,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddHours(1),
            Claims = new Dictionary<string, object> { ["sub"] = "alice", ["groups"] = new[] { "dev", "ops" }, ["hd"] = company },
            SigningCredentials = new SigningCredentials(new RsaSecurityKey(signer ?? key) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256),
        });
    }
}
