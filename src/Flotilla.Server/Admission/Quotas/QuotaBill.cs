using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quotas;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Quotas;

/// <summary>One quota with a request's usage added to what is used of it.</summary>
internal sealed record QuotaBill(StoredEntry Entry, JsonObject Quota)
{
    /// <summary>Null: the request costs this quota nothing.</summary>
    /// <exception cref="Api.ApiException">403: it costs more than is left, or leaves out what the quota demands.</exception>
    public static QuotaBill? For(AdmissionRequest request, QuotaUsage usage, StoredEntry entry, DateTimeOffset now)
    {
        var quota = StoredObject.Decode(entry.Value, entry.Modified);
        var (hard, used) = (AmountMap.From(quota.Object("status").Object("hard")), AmountMap.From(quota.Object("status").Object("used")));
        var names = hard.Keys.Where(usage.Covers).ToList();
        if (names.Count == 0 || !QuotaScopes.Match(quota, usage.GroupResource, request.Object))
        {
            return null;
        }

        CheckDemands(request, usage, quota, names, used);
        var wanted = Increase(request, usage, now).Only(hard.Keys);
        if (wanted.Count == 0)
        {
            return null;
        }

        CheckLimits(request, quota, wanted, used, hard);
        used.Add(wanted);
        quota.Child("status")["used"] = used.ToJson();
        return new QuotaBill(entry, quota);
    }

    private static void CheckDemands(AdmissionRequest request, QuotaUsage usage, JsonObject quota, List<string> names, AmountMap used)
    {
        if (usage.GroupResource == "pods" && PodUsage.Missing(request.Object, names) is { } missing)
        {
            throw request.Forbidden($"failed quota: {NameOf(quota)}: {missing}");
        }

        var unknown = names.Where(name => !used.ContainsKey(name)).ToList();
        if (unknown.Count > 0)
        {
            throw request.Forbidden($"status unknown for quota: {NameOf(quota)}, resources: {string.Join(',', unknown.Order(StringComparer.Ordinal))}");
        }
    }

    private static void CheckLimits(AdmissionRequest request, JsonObject quota, AmountMap wanted, AmountMap used, AmountMap hard)
    {
        var exceeded = wanted.Where(pair => used[pair.Key] + pair.Value > hard[pair.Key]).Select(pair => pair.Key).ToList();
        if (exceeded.Count > 0)
        {
            throw request.Forbidden($"exceeded quota: {NameOf(quota)}, requested: {wanted.Only(exceeded)}, used: {used.Only(exceeded)}, limited: {hard.Only(exceeded)}");
        }
    }

    /// <summary>On an update only what grows is charged; what shrinks is recounted later.</summary>
    private static AmountMap Increase(AdmissionRequest request, QuotaUsage usage, DateTimeOffset now)
    {
        var wanted = usage.Of(request.Object, now);
        var before = request.Old is { } old ? usage.Of(old, now) : [];
        var increase = new AmountMap();
        foreach (var (name, amount) in wanted)
        {
            var more = before.TryGetValue(name, out var had) ? amount - had : amount;
            if (more.Sign > 0)
            {
                increase[name] = more;
            }
        }

        return increase;
    }

    private static string? NameOf(JsonObject quota) => quota.Object("metadata").String("name");
}
