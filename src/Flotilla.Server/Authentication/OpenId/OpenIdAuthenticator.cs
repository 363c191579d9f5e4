using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authentication.OpenId;

/// <summary>Identity tokens of an OpenID Connect issuer: checked with its keys, user and groups read from claims.</summary>
internal sealed class OpenIdAuthenticator(OpenIdOptions options, HttpMessageInvoker http, TimeProvider time) : ITokenAuthenticator, IDisposable
{
    private readonly string issuer = options.Issuer.OriginalString;
    private readonly OpenIdVerifier verifier = new(options, options.Issuer.OriginalString, new OpenIdKeys(options.Issuer, http, time), time);
    private readonly DistributedClaims? groups = options.GroupsClaim is { } claim ? new(claim, options, http, time) : null;

    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        if (OpenIdVerifier.Read(token) is not { } read || read.Issuer != issuer)
        {
            return Identification.Nobody;
        }

        try
        {
            if (await verifier.CheckAsync(read, cancellationToken) is { } problem)
            {
                return Identification.Reject($"oidc: verify token: {problem}");
            }
        }
        catch (HttpRequestException error)
        {
            return Identification.Reject($"oidc: authenticator not initialized: {error.Message}");
        }

        var claims = OpenIdVerifier.ClaimsOf(read);
        return await ExpandAsync(claims, cancellationToken) is { } missing
            ? Identification.Reject($"oidc: could not expand distributed claims: {missing}")
            : UserOf(claims, read.Id);
    }

    public void Dispose()
    {
        verifier.Dispose();
        groups?.Dispose();
    }

    private async Task<string?> ExpandAsync(JsonObject claims, CancellationToken cancellationToken)
    {
        try
        {
            return groups is null ? null : await groups.ExpandAsync(claims, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            return $"verifying untrusted issuer failed: {error.Message}";
        }
    }

    private Identification UserOf(JsonObject claims, string tokenId)
    {
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

        var extra = tokenId.Length > 0 ? UserExtra.Of((UserExtra.CredentialId, $"JTI={tokenId}")) : null;
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
