using System.Globalization;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.BootstrapTokens;

/// <summary>Removes bootstrap tokens when their time is over.</summary>
internal sealed class BootstrapTokenCleaner : Controller
{
    private const string SecretType = "bootstrap.kubernetes.io/token";

    private readonly Informer<V1Secret> secrets;

    public BootstrapTokenCleaner(ControllerContext context)
        : base(context, "token-cleaner", workers: 1)
    {
        secrets = Watch<V1Secret>(new ListScope("kube-system", FieldSelector: $"type={SecretType}"));
        secrets.Subscribe(change => Queue.Add(change.Latest.Key()));
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (secrets.Get(key) is not { } secret || ExpiryOf(secret) is not { } expiry)
        {
            return;
        }

        if (expiry > Time.GetUtcNow())
        {
            Queue.AddAfter(key, expiry - Time.GetUtcNow());
            return;
        }

        try
        {
            await Client.DeleteAsync<V1Secret>(key, new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = secret.Metadata.Uid } }, cancellationToken);
        }
        catch (ApiException settled) when (settled.IsNotFound || settled.IsConflict)
        {
            // Gone, or another token of that name.
            return;
        }
    }

    // A time that cannot be read counts as past; none means never.
    private static DateTimeOffset? ExpiryOf(V1Secret secret)
    {
        if (secret.Data is null || !secret.Data.TryGetValue("expiration", out var text) || text.Length == 0)
        {
            return null;
        }

        return DateTimeOffset.TryParse(Encoding.UTF8.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;
    }
}
