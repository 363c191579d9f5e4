using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Node.Volumes;
using k8s.Models;

namespace Flotilla.Node.Csi;

/// <summary>The pod's identity for drivers that ask for it, by audience.</summary>
internal sealed class CsiTokens(ServiceAccountTokens tokens)
{
    private const string Key = "csi.storage.k8s.io/serviceAccount.tokens";

    public void Forget(string podUid) => tokens.Forget(podUid);

    public async Task<IEnumerable<KeyValuePair<string, string>>> ForAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        if (mount.Described?.Spec.TokenRequests is not { Count: > 0 } requests)
        {
            return [];
        }
        var all = new JsonObject();
        foreach (var request in requests)
        {
            var wanted = new V1ServiceAccountTokenProjection { Audience = request.Audience, ExpirationSeconds = request.ExpirationSeconds };
            var (text, expires) = await tokens.GetWithExpiryAsync(mount.Request.Pod, wanted, cancellationToken);
            all[request.Audience] = new JsonObject
            {
                ["token"] = Encoding.UTF8.GetString(text),
                ["expirationTimestamp"] = expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            };
        }
        return [new(Key, all.ToJsonString())];
    }
}
