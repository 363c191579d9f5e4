using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;

namespace Flotilla.Api.Quotas;

/// <summary>
/// How ResourceClaims count: by the devices that they may get of each class at worst, both as claimed devices of the class
/// and as the extended resources that stand for the class (each has one, and may name another), since pods may ask either way.
/// </summary>
internal static class DeviceUsage
{
    private const string ClassSuffix = ".deviceclass.resource.k8s.io/devices";
    private const string Requests = "requests.";
    private const string ExtendedPrefix = Requests + "deviceclass.resource.kubernetes.io/";

    // Of a pod that asked for an extended resource and is charged for that itself.
    private const string ExtendedClaim = "resource.kubernetes.io/extended-resource-claim";

    // No claim can be given more.
    private const long MostOfOneClaim = 32;

    /// <param name="extended">Extended resources by the class that names them.</param>
    public static bool Covers(string name, IReadOnlyDictionary<string, string> extended) =>
        name.EndsWith(ClassSuffix, StringComparison.Ordinal) || name.StartsWith(ExtendedPrefix, StringComparison.Ordinal)
        || (name.StartsWith(Requests, StringComparison.Ordinal) && extended.Values.Contains(name[Requests.Length..]));

    public static void Add(AmountMap used, JsonObject claim, IReadOnlyDictionary<string, string> extended)
    {
        var isOfPod = claim.Object("metadata").Object("annotations").String(ExtendedClaim) == "true";
        foreach (var (deviceClass, devices) in claim.Object("spec").Object("devices").Objects("requests").SelectMany(ByClass))
        {
            AmountMap more = new() { [deviceClass + ClassSuffix] = Quantity.FromUnits(devices) };
            if (!isOfPod)
            {
                more[ExtendedPrefix + deviceClass] = Quantity.FromUnits(devices);
                if (extended.TryGetValue(deviceClass, out var name))
                {
                    more[Requests + name] = Quantity.FromUnits(devices);
                }
            }

            used.Add(more);
        }
    }

    /// <summary>Of alternatives the one with the most devices of a class.</summary>
    private static IEnumerable<(string Class, long Devices)> ByClass(JsonObject request) =>
        (request.Object("exactly") is { } exactly ? [exactly] : request.Objects("firstAvailable"))
            .GroupBy(wanted => wanted.String("deviceClassName") ?? "", StringComparer.Ordinal)
            .Select(same => (same.Key, same.Max(MostOf)));

    private static long MostOf(JsonObject wanted) => wanted.String("allocationMode") switch
    {
        "ExactCount" => wanted.Integer("count") ?? 0,
        "All" => MostOfOneClaim,
        _ => 0,
    };
}
