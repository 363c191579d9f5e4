using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Flotilla.Server.Authentication.OpenId;

/// <summary>The issuer's public keys, fetched when first needed and again, now and then, when a token names an unknown one.</summary>
public sealed class OpenIdKeys(Uri issuer, HttpMessageInvoker http, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan RefetchAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim fetching = new(1, 1);
    private volatile IReadOnlyList<SecurityKey> known = [];
    private DateTimeOffset fetched = DateTimeOffset.MinValue;

    /// <exception cref="HttpRequestException">The issuer does not answer.</exception>
    public async ValueTask<IReadOnlyList<SecurityKey>> ForAsync(string? keyId, CancellationToken cancellationToken)
    {
        if (Has(keyId))
        {
            return known;
        }

        await fetching.WaitAsync(cancellationToken);
        try
        {
            if (!Has(keyId) && time.GetUtcNow() - fetched > RefetchAfter)
            {
                fetched = time.GetUtcNow();
                known = await FetchAsync(cancellationToken);
            }

            return known;
        }
        finally
        {
            fetching.Release();
        }
    }

    public void Dispose() => fetching.Dispose();

    private bool Has(string? keyId) => known.Any(key => string.IsNullOrEmpty(keyId) || key.KeyId == keyId);

    private async Task<IReadOnlyList<SecurityKey>> FetchAsync(CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(await GetAsync(new Uri($"{issuer.ToString().TrimEnd('/')}/.well-known/openid-configuration"), cancellationToken));
        var address = document.RootElement.TryGetProperty("jwks_uri", out var found) ? found.GetString() : null;
        return Uri.TryCreate(address, UriKind.Absolute, out var keys)
            ? [.. new JsonWebKeySet(await GetAsync(keys, cancellationToken)).GetSigningKeys()]
            : throw new HttpRequestException($"{issuer} does not say where its keys are.");
    }

    private async Task<string> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadAsStringAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{address} did not answer in time.");
        }
    }
}
