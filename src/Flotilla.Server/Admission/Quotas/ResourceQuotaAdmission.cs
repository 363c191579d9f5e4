using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Quotas;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Quotas;

/// <summary>
/// Charges what an object uses to the quotas of its namespace before it is stored. A quota's used amounts are written
/// at the revision they were checked at, so that however many requests come at once, none slips past a limit.
/// </summary>
internal sealed class ResourceQuotaAdmission(IStore store, TimeProvider time) : IAdmissionPlugin
{
    private const int MaxAttempts = 50;

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!IsCharged(request) || request.Namespace is not { Length: > 0 } space)
        {
            return;
        }

        QuotaUsage? usage = null;
        var charged = new HashSet<string>(StringComparer.Ordinal);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var quotas = await store.ListAsync($"{CoreKinds.ResourceQuota.StoragePrefix}{space}/", null, 0, null, cancellationToken);
            if (quotas.Entries.Count == 0)
            {
                return;
            }

            usage ??= new QuotaUsage(request.Kind.GroupResource, await ExtendedAsync(request.Kind, cancellationToken));
            if (await TryChargeAsync(request, usage, quotas.Entries, charged, cancellationToken))
            {
                return;
            }
        }

        throw request.Forbidden("the quotas of the namespace are changing too fast; please try again");
    }

    private async ValueTask<IReadOnlyDictionary<string, string>> ExtendedAsync(Kind kind, CancellationToken cancellationToken)
    {
        var extended = new Dictionary<string, string>(StringComparer.Ordinal);
        if (kind.GroupResource == QuotaUsage.ResourceClaims)
        {
            var classes = await store.ListAsync(ResourceKinds.DeviceClass.StoragePrefix, null, 0, null, cancellationToken);
            foreach (var item in classes.Entries.Select(entry => StoredObject.Decode(entry.Value, entry.Modified)))
            {
                if (item.Object("spec").String("extendedResourceName") is { Length: > 0 } name)
                {
                    extended[item.Object("metadata").String("name") ?? ""] = name;
                }
            }
        }

        return extended;
    }

    // Objects count from their creation; only these change what they use afterwards.
    private static bool IsCharged(AdmissionRequest request) =>
        (request.Operation == AdmissionOperation.Create && request.Subresource is null)
        || request.IsUpdateOf(CoreKinds.Service)
        || request.IsUpdateOf(CoreKinds.PersistentVolumeClaim)
        || (request.Kind == CoreKinds.Pod && request.Operation == AdmissionOperation.Update && request.Subresource == "resize");

    /// <summary>False: another request changed a quota in between; what was charged already is in <paramref name="charged"/>.</summary>
    private async Task<bool> TryChargeAsync(AdmissionRequest request, QuotaUsage usage, IReadOnlyList<StoredEntry> entries, HashSet<string> charged, CancellationToken cancellationToken)
    {
        var bills = entries
            .Where(entry => !charged.Contains(entry.Key))
            .Select(entry => QuotaBill.For(request, usage, entry, time.GetUtcNow()))
            .OfType<QuotaBill>()
            .ToList();
        if (request.Options.DryRun)
        {
            return true;
        }

        foreach (var bill in bills)
        {
            var bytes = StoredObject.Encode(bill.Quota, CoreKinds.ResourceQuota.Identity);
            var result = await store.WriteAsync(new WriteRequest(bill.Entry.Key, bytes, Precondition.MustBeAt(bill.Entry.Modified)), cancellationToken);
            if (result.Outcome != WriteOutcome.Written)
            {
                return false;
            }

            charged.Add(bill.Entry.Key);
        }

        return true;
    }
}
