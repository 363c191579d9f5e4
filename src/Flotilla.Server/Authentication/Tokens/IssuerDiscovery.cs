using System.Text;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;

namespace Flotilla.Server.Authentication.Tokens;

/// <summary>Tells others how to check service account tokens: OpenID Connect discovery and the public keys.</summary>
public sealed class IssuerDiscovery(ServiceAccountTokens tokens, string address)
{
    private static readonly Dictionary<string, string> Headers = new(StringComparer.Ordinal) { ["Cache-Control"] = "public, max-age=3600" };

    /// <summary>Null: the path is none of these.</summary>
    public ApiAnswer? TryAnswer(ApiRequest request) => request is not { Method: "GET" } ? null : request.Path switch
    {
        "/.well-known/openid-configuration" => Answer("application/json", Encoding.UTF8.GetBytes(
            $$"""{"issuer":"{{ServiceAccountTokens.Issuer}}","jwks_uri":"https://{{address}}/openid/v1/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256"]}""")),
        "/openid/v1/jwks" => Answer("application/jwk-set+json", tokens.KeySet()),
        _ => null,
    };

    private static ApiAnswer Answer(string type, byte[] body) => new() { ContentType = type, Body = body, Headers = Headers };
}
