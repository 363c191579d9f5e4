using System.Buffers.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Flotilla.Server.Authentication.OpenId;

/// <summary>Checks tokens of one issuer with its keys: signature, audience and time.</summary>
internal sealed class OpenIdVerifier(OpenIdOptions options, string issuer, OpenIdKeys keys, TimeProvider time) : IDisposable
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <summary>The token, unchecked; null: it is none.</summary>
    public static JsonWebToken? Read(string token)
    {
        try
        {
            return Handler.CanReadToken(token) ? new JsonWebToken(token) : null;
        }
        catch (ArgumentException)
        {
            // Three parts that are no JWT: somebody else's token.
            return null;
        }
    }

    public static JsonObject ClaimsOf(JsonWebToken token) => GoJson.Parse(Base64Url.DecodeFromChars(token.EncodedPayload)) as JsonObject ?? [];

    /// <summary>Null, or why the token is not one to trust.</summary>
    /// <exception cref="HttpRequestException">The issuer does not answer.</exception>
    public async Task<string?> CheckAsync(JsonWebToken token, CancellationToken cancellationToken)
    {
        var result = await Handler.ValidateTokenAsync(token, Rules(await keys.ForAsync(token.Kid, cancellationToken)));
        return result.IsValid ? null : result.Exception.Message;
    }

    public void Dispose() => keys.Dispose();

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
}
