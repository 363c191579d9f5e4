using System.Buffers.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Objects;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Flotilla.Server.Authentication.OpenId;

/// <summary>Identity tokens of an OpenID Connect issuer: checked with its keys, user and groups read from claims.</summary>
public sealed class OpenIdAuthenticator(OpenIdOptions options, OpenIdKeys keys, TimeProvider time) : ITokenAuthenticator
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    private readonly string issuer = options.Issuer.OriginalString;

    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        if (!Handler.CanReadToken(token) || Read(token) is not { } read || read.Issuer != issuer)
        {
            return Identification.Nobody;
        }

        try
        {
            var result = await Handler.ValidateTokenAsync(token, Rules(await keys.ForAsync(read.Kid, cancellationToken)));
            return result.IsValid ? UserOf(read) : Identification.Reject($"oidc: verify token: {result.Exception.Message}");
        }
        catch (HttpRequestException error)
        {
            return Identification.Reject($"oidc: authenticator not initialized: {error.Message}");
        }
    }

    private static JsonWebToken? Read(string token)
    {
        try
        {
            return new JsonWebToken(token);
        }
        catch (ArgumentException)
        {
            // Three parts that are no JWT: somebody else's token.
            return null;
        }
    }

    private TokenValidationParameters Rules(IReadOnlyList<SecurityKey> signing) => new()
    {
        ValidIssuer = issuer,
        ValidAudience = options.ClientId,
        IssuerSigningKeys = signing,
        ValidAlgorithms = options.SigningAlgorithms,
        RequireExpirationTime = true,
        RequireSignedTokens = true,
        LifetimeValidator = (begin, end, _, _) => end > time.GetUtcNow().UtcDateTime && (begin is null || begin <= time.GetUtcNow().UtcDateTime),
    };

    private Identification UserOf(JsonWebToken token)
    {
        var claims = GoJson.Parse(Base64Url.DecodeFromChars(token.EncodedPayload)) as JsonObject ?? [];
        if (claims.String(options.UsernameClaim) is not { Length: > 0 } name)
        {
            return Identification.Reject($"oidc: parse username claims \"{options.UsernameClaim}\": claim not present");
        }

        if (options.UsernameClaim == "email" && claims.Boolean("email_verified") == false)
        {
            return Identification.Reject("oidc: email not verified");
        }

        foreach (var (claim, value) in options.RequiredClaims)
        {
            if (claims.String(claim) != value)
            {
                return Identification.Reject($"oidc: required claim {claim} not present in ID token or has another value");
            }
        }

        var extra = token.Id is { Length: > 0 } id ? UserExtra.Of((UserExtra.CredentialId, $"JTI={id}")) : null;
        return new Identification(new RequestUser(Prefix() + name, [.. Groups(claims).Select(group => options.GroupsPrefix + group), RequestUser.Authenticated], Extra: extra), Audiences: [options.ClientId]);
    }

    private string Prefix() => options.UsernamePrefix switch
    {
        "-" => "",
        null => options.UsernameClaim == "email" ? "" : $"{issuer}#",
        var given => given,
    };

    private IEnumerable<string> Groups(JsonObject claims) => options.GroupsClaim is not { } claim ? []
        : claims.String(claim) is { } one ? [one]
        : (claims.Array(claim) ?? []).Select(group => group.AsString()).OfType<string>();
}
