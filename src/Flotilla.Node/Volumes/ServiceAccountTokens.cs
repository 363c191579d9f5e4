using System.Collections.Concurrent;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>Tokens bound to a pod, kept until four fifths of their life (at most a day) are over.</summary>
internal sealed class ServiceAccountTokens(IObjectClient client, TimeProvider time)
{
    private const double RenewAfter = 0.8;
    private const long DefaultSeconds = 3600;
    private static readonly TimeSpan LongestUse = TimeSpan.FromHours(24);
    private readonly ConcurrentDictionary<(string PodUid, string Audience, long Seconds), Token> tokens = new();

    public async Task<byte[]> GetAsync(V1Pod pod, V1ServiceAccountTokenProjection wanted, CancellationToken cancellationToken) =>
        (await GetWithExpiryAsync(pod, wanted, cancellationToken)).Text;

    public async Task<(byte[] Text, DateTimeOffset Expires)> GetWithExpiryAsync(V1Pod pod, V1ServiceAccountTokenProjection wanted, CancellationToken cancellationToken)
    {
        var seconds = wanted.ExpirationSeconds ?? DefaultSeconds;
        var id = (pod.Metadata.Uid, wanted.Audience ?? "", seconds);
        var now = time.GetUtcNow();
        if (tokens.TryGetValue(id, out var known) && now < known.Renew)
        {
            return (known.Text, known.Expires);
        }
        try
        {
            var token = await RequestAsync(pod, wanted.Audience, seconds, now, cancellationToken);
            tokens[id] = token;
            return (token.Text, token.Expires);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException && known is not null && now < known.Expires)
        {
            // Still good: asked for again at the next refresh.
            return (known.Text, known.Expires);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            throw new VolumeException($"failed to fetch token: {failure.Message}", failure);
        }
    }

    /// <summary>Whether one of the pod's tokens wants renewal.</summary>
    public bool IsDue(string podUid) => tokens.Any(pair => pair.Key.PodUid == podUid && time.GetUtcNow() >= pair.Value.Renew);

    public void Forget(string podUid)
    {
        foreach (var id in tokens.Keys.Where(id => id.PodUid == podUid))
        {
            tokens.TryRemove(id, out _);
        }
    }

    private async Task<Token> RequestAsync(V1Pod pod, string? audience, long seconds, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var request = new Authenticationv1TokenRequest
        {
            ApiVersion = "authentication.k8s.io/v1",
            Kind = "TokenRequest",
            Spec = new V1TokenRequestSpec
            {
                Audiences = string.IsNullOrEmpty(audience) ? [] : [audience],
                ExpirationSeconds = seconds,
                BoundObjectRef = new V1BoundObjectReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            },
        };
        var account = string.IsNullOrEmpty(pod.Spec.ServiceAccountName) ? "default" : pod.Spec.ServiceAccountName;
        var answer = await client.PostAsync<V1ServiceAccount, Authenticationv1TokenRequest, Authenticationv1TokenRequest>(
            new ObjectKey(pod.Metadata.NamespaceProperty, account), "token", request, cancellationToken);
        var expires = new DateTimeOffset(DateTime.SpecifyKind(answer.Status.ExpirationTimestamp ?? now.UtcDateTime.AddSeconds(seconds), DateTimeKind.Utc));
        var use = (expires - now) * RenewAfter;
        return new Token(Encoding.UTF8.GetBytes(answer.Status.Token), now + (use < LongestUse ? use : LongestUse), expires);
    }

    private sealed record Token(byte[] Text, DateTimeOffset Renew, DateTimeOffset Expires);
}
