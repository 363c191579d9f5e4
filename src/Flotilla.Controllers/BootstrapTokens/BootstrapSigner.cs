using System.Globalization;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.BootstrapTokens;

/// <summary>
/// Signs <c>kube-public/cluster-info</c> with each bootstrap token that may sign: whoever joins and holds a token can tell
/// that the kubeconfig in it, read before anything is trusted, is the cluster's own.
/// </summary>
internal sealed class BootstrapSigner : Controller
{
    private const string MapName = "cluster-info";
    private const string Content = "kubeconfig";
    private const string Signature = "jws-kubeconfig-";

    private readonly Informer<V1Secret> secrets;
    private readonly Informer<V1ConfigMap> maps;

    public BootstrapSigner(ControllerContext context)
        : base(context, "bootstrap-signer", workers: 1)
    {
        secrets = Watch<V1Secret>(new ListScope("kube-system", FieldSelector: "type=bootstrap.kubernetes.io/token"));
        secrets.Subscribe(_ => Queue.Add(new ObjectKey("kube-public", MapName)));
        maps = Watch<V1ConfigMap>(new ListScope("kube-public", FieldSelector: $"metadata.name={MapName}"));
        maps.Subscribe(change => Queue.Add(change.Latest.Key()));
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (maps.Get(key) is not { } map || map.Data is null || !map.Data.TryGetValue(Content, out var kubeconfig))
        {
            return;
        }

        var wanted = map.Data.Where(pair => !pair.Key.StartsWith(Signature, StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal);
        foreach (var secret in secrets.List().Where(MaySign))
        {
            wanted[Signature + Text(secret, "token-id")] = DetachedSignature.For(kubeconfig, Text(secret, "token-id"), Text(secret, "token-secret"));
        }

        if (wanted.Count != map.Data.Count || wanted.Any(pair => !map.Data.TryGetValue(pair.Key, out var value) || value != pair.Value))
        {
            await Client.UpdateAsync(map with { ApiVersion = "v1", Kind = "ConfigMap", Data = wanted }, cancellationToken);
        }
    }

    // The cleaner removes what has expired; until then it signs nothing.
    private bool MaySign(V1Secret secret) =>
        Text(secret, "usage-bootstrap-signing") == "true"
        && Text(secret, "token-id") is { Length: > 0 } id
        && secret.Metadata.Name == "bootstrap-token-" + id
        && Text(secret, "token-secret").Length > 0
        && (Text(secret, "expiration") is not { Length: > 0 } text
            || (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) && end > Time.GetUtcNow()));

    private static string Text(V1Secret secret, string key) =>
        secret.Data is { } data && data.TryGetValue(key, out var value) ? Encoding.UTF8.GetString(value) : "";
}
