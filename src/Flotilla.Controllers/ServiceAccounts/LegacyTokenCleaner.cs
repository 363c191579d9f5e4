using System.Globalization;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.ServiceAccounts;

/// <summary>
/// Once a day: tokens in Secrets that were made for an account by the cluster, not by a user, and that nobody has used
/// for a year. The queue is not used.
/// </summary>
internal sealed class LegacyTokenCleaner : Controller
{
    private static readonly TimeSpan Round = TimeSpan.FromDays(1);
    private static readonly TimeSpan Unused = TimeSpan.FromDays(365);
    private static readonly ObjectKey Tracking = new("kube-system", "kube-apiserver-legacy-service-account-token-tracking");

    private readonly Informer<V1Secret> secrets;
    private readonly Informer<V1ServiceAccount> accounts;
    private readonly Informer<V1Pod> pods;

    public LegacyTokenCleaner(ControllerContext context)
        : base(context, "legacy-service-account-token-cleaner", workers: 1)
    {
        secrets = Watch<V1Secret>(new ListScope(FieldSelector: "type=kubernetes.io/service-account-token"));
        accounts = Watch<V1ServiceAccount>();
        pods = Watch<V1Pod>();
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) => Task.CompletedTask;

    protected override Task RunAsync(CancellationToken stoppingToken) => RepeatAsync(Round, CleanAsync, stoppingToken);

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        // Use is noted only since then: before a year has passed nobody knows what is unused.
        if (await TrackedSinceAsync(cancellationToken) is not { } since || since + Unused > Now)
        {
            return;
        }

        foreach (var secret in accounts.List().SelectMany(GeneratedFor))
        {
            await CleanAsync(secret, cancellationToken);
        }
    }

    private IEnumerable<V1Secret> GeneratedFor(V1ServiceAccount account) => (account.Secrets ?? [])
        .Select(reference => secrets.Get(new ObjectKey(account.Metadata.NamespaceProperty, reference.Name)))
        .OfType<V1Secret>();

    private async Task CleanAsync(V1Secret secret, CancellationToken cancellationToken)
    {
        var isMounted = pods.List(secret.Metadata.NamespaceProperty).Any(pod =>
            !pod.IsTerminal() && pod.Spec.Volumes?.Any(volume => volume.Secret?.SecretName == secret.Metadata.Name) == true);
        try
        {
            switch (LegacyTokenPlan.For(secret, isMounted, Unused, Now))
            {
                case LegacyTokenStep.Invalidate:
                    var today = Now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
                    var patch = JsonSerializer.SerializeToUtf8Bytes(
                        new { metadata = new { uid = secret.Metadata.Uid, labels = new Dictionary<string, string> { [LegacyTokenPlan.InvalidSince] = today } } });
                    await Client.PatchAsync<V1Secret>(secret.Key(), new Patch(PatchKind.Merge, patch), null, cancellationToken);
                    break;
                case LegacyTokenStep.Delete:
                    var preconditions = new V1Preconditions { ResourceVersion = secret.Metadata.ResourceVersion };
                    await Client.DeleteAsync<V1Secret>(secret.Key(), new V1DeleteOptions { Preconditions = preconditions }, cancellationToken);
                    break;
                default:
                    break;
            }
        }
        catch (ApiException raced) when (raced.Code is 404 or 409)
        {
            // Used, changed or gone meanwhile: tomorrow is another day.
        }
    }

    private async Task<DateTime?> TrackedSinceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var tracking = await Client.GetAsync<V1ConfigMap>(Tracking, cancellationToken);
            return tracking.Data is { } data
                && data.TryGetValue("since", out var text)
                && DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var since)
                    ? since
                    : null;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }
}
