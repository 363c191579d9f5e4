using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quotas;
using Flotilla.Api.Quantities;

namespace Flotilla.Controllers.ResourceQuotas;

/// <summary>Counts afresh what is used of a quota.</summary>
internal static class QuotaCount
{
    /// <summary>Which resources have to be listed for this quota.</summary>
    /// <param name="extended">Extended resources by the device class that names them.</param>
    public static IEnumerable<DiscoveredResource> Needed(JsonObject quota, IEnumerable<DiscoveredResource> served, IReadOnlyDictionary<string, string> extended)
    {
        var names = AmountMap.From(quota.Object("spec").Object("hard")).Keys;
        return served.Where(resource => resource.IsNamespaced && resource.Verbs.Contains("list") && names.Any(new QuotaUsage(resource.GroupResource, extended).Covers));
    }

    /// <summary>The status as it should be: every hard amount, and what is used of each that can be counted.</summary>
    public static JsonObject Status(JsonObject quota, IReadOnlyDictionary<string, IReadOnlyList<JsonObject>> items, IReadOnlyDictionary<string, string> extended, DateTimeOffset now)
    {
        var hard = AmountMap.From(quota.Object("spec").Object("hard"));
        var used = AmountMap.From(quota.Object("status").Object("used")).Only(hard.Keys);
        foreach (var (groupResource, list) in items)
        {
            var usage = new QuotaUsage(groupResource, extended);
            foreach (var name in hard.Keys.Where(usage.Covers))
            {
                used[name] = Quantity.Zero;
            }
        }

        foreach (var (groupResource, list) in items)
        {
            var usage = new QuotaUsage(groupResource, extended);
            foreach (var item in list.Where(item => QuotaScopes.Match(quota, groupResource, item)))
            {
                used.Add(usage.Of(item, now).Only(hard.Keys));
            }
        }

        return new JsonObject { ["hard"] = hard.ToJson(), ["used"] = used.ToJson() };
    }
}
