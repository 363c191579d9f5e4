using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Authentication.OpenId;

/// <summary>
/// A claim that a token does not carry but names a place for (OpenID Connect Core, 5.6.2): fetched there as another signed
/// token, whose own issuer vouches for it.
/// </summary>
internal sealed class DistributedClaims(string claim, OpenIdOptions options, HttpMessageInvoker http, TimeProvider time) : IDisposable
{
    private const int MostIssuers = 16;
    private const int LongestAnswer = 1024 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, OpenIdVerifier> verifiers = new(StringComparer.Ordinal);

    /// <summary>Puts the claim among the others when it is elsewhere.</summary>
    /// <returns>Null, or why it cannot be had.</returns>
    public async Task<string?> ExpandAsync(JsonObject claims, CancellationToken cancellationToken)
    {
        if (claims.ContainsKey(claim) || !claims.ContainsKey("_claim_names"))
        {
            return null;
        }

        if (claims.Object("_claim_names") is not { } names)
        {
            return "oidc: error parsing distributed claim names: they are no object";
        }

        if (claims.Object("_claim_sources") is not { } sources)
        {
            return "oidc: no claim sources";
        }

        if (names.String(claim) is not { } source)
        {
            return null;
        }

        if (sources.Object(source) is not { } endpoint)
        {
            return $"id token _claim_names contained a source {source} missing in _claims_sources";
        }

        // Without an address the claim is in the source itself, which upstream does not look into either.
        return endpoint.String("endpoint") is { Length: > 0 } address ? await FetchAsync(claims, address, endpoint.String("access_token"), cancellationToken) : null;
    }

    public void Dispose()
    {
        foreach (var verifier in verifiers.Values)
        {
            verifier.Dispose();
        }
    }

    private async Task<string?> FetchAsync(JsonObject claims, string address, string? accessToken, CancellationToken cancellationToken)
    {
        string text;
        try
        {
            text = await GetAsync(address, accessToken, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            return $"while getting distributed claim \"{claim}\": {error.Message}";
        }

        if (OpenIdVerifier.Read(text.Trim()) is not { } token || !Uri.TryCreate(token.Issuer, UriKind.Absolute, out var issuer) || issuer.Scheme != Uri.UriSchemeHttps)
        {
            return $"getting untrusted issuer from endpoint {address} failed for claim \"{claim}\"";
        }

        if (verifiers.Count >= MostIssuers && !verifiers.ContainsKey(token.Issuer))
        {
            return $"verifying untrusted issuer {token.Issuer} failed: there are {MostIssuers} issuers of distributed claims already";
        }

        var verifier = verifiers.GetOrAdd(token.Issuer, name => new OpenIdVerifier(options, name, new OpenIdKeys(issuer, http, time), time));
        if (await verifier.CheckAsync(token, cancellationToken) is { } problem)
        {
            return $"verify distributed claim token: {problem}";
        }

        if (!OpenIdVerifier.ClaimsOf(token).TryGetPropertyValue(claim, out var value))
        {
            return $"jwt returned by distributed claim endpoint \"{address}\" did not contain claim: {claim}";
        }

        claims[claim] = value?.DeepClone();
        return null;
    }

    private async Task<string> GetAsync(string address, string? accessToken, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri : throw new HttpRequestException($"{address} is no address."));
        if (!string.IsNullOrEmpty(accessToken))
        {
            request.Headers.Authorization = new("Bearer", accessToken);
        }

        try
        {
            using var response = await http.SendAsync(request, either.Token);
            if (response.StatusCode is not System.Net.HttpStatusCode.OK)
            {
                throw new HttpRequestException($"error while getting distributed claim JWT: {(int)response.StatusCode}");
            }

            await response.Content.LoadIntoBufferAsync(LongestAnswer, either.Token);
            return await response.Content.ReadAsStringAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{address} did not answer in time.");
        }
    }
}
