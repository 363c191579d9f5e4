using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>Which devices a claim was given, who uses them, and what drivers tell of them.</summary>
internal static class ClaimStatusRules
{
    private const int MostConsumers = 256;
    private const int MostResults = 32;
    private const int MostConfigurations = 64;
    private const int MostConditions = 8;
    private const int LongestData = 10 * 1024;
    private const int MostAddresses = 16;

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Parts = new Dictionary<string, PartialUpdate> { [Subresource.StatusName] = new(Check) };

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject old)
    {
        var (status, before, names) = (item.Object("status") ?? [], old.Object("status"), ClaimRules.RequestNames(item.Object("spec")));
        var (allocation, had) = (status.Object("allocation"), before.Object("allocation"));
        var allocated = allocation.Object("devices").Objects("results").Select(Identity).ToHashSet(StringComparer.Ordinal);
        return DeviceLists.Set(status, "reservedFor", "status", MostConsumers, "uid", CheckConsumer)
            .Concat(DeviceLists.Each(status, "devices", "status", int.MaxValue, (device, at) => CheckDevice(device, at, allocated)))
            .Concat(CheckReserved(status, before, item.Object("metadata").String("deletionTimestamp") is not null))
            .Concat(allocation is null ? [] : had is null ? CheckAllocation(allocation, "status.allocation", names) : FieldRules.Unchanged(allocation, had, "status.allocation"));
    }

    private static IEnumerable<FieldError> CheckConsumer(JsonObject consumer, string path) =>
        new[] { "resource", "name", "uid" }.SelectMany(field => FieldRules.Required(consumer, field, path));

    private static IEnumerable<FieldError> CheckReserved(JsonObject status, JsonObject? before, bool isDeleted)
    {
        if (status.Array("reservedFor") is not { Count: > 0 })
        {
            return [];
        }

        var added = status.Objects("reservedFor").Any(one => !before.Objects("reservedFor").Any(had => had.SameAs(one)));
        return status.Object("allocation") is null ? [FieldError.Forbidden("status.reservedFor", "may not be specified when `allocated` is not set")]
            : isDeleted && added ? [FieldError.Forbidden("status.reservedFor", "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set")]
            : [];
    }

    private static IEnumerable<FieldError> CheckAllocation(JsonObject allocation, string path, IReadOnlySet<string> names)
    {
        var (devices, at) = (allocation.Object("devices"), $"{path}.devices");
        return DeviceLists.Each(devices, "results", at, MostResults, (result, place) => CheckResult(result, place, names))
            .Concat(DeviceLists.Each(devices, "config", at, MostConfigurations, (config, place) => FieldRules.RequiredOneOf(config, "source", place, "FromClaim", "FromClass")
                .Concat(ClaimRules.References(config, place, names)).Concat(DeviceConfigurationRules.Check(config, place))))
            .Concat(allocation.Object("nodeSelector") is { } selector ? AffinityRules.CheckNodeSelector(selector, $"{path}.nodeSelector") : []);
    }

    private static IEnumerable<FieldError> CheckResult(JsonObject result, string path, IReadOnlySet<string> names) =>
        ClaimRules.CheckReference(result.String("request") ?? "", $"{path}.request", names)
            .Concat(CheckIdentity(result, path))
            .Concat(DeviceRules.CheckBinding(result, path))
            .Concat(FieldRules.Each(result, "tolerations", path, DeviceTaintRules.CheckToleration));

    private static IEnumerable<FieldError> CheckIdentity(JsonObject device, string path) =>
        StorageSourceRules.DriverName(device.String("driver"), $"{path}.driver")
            .Concat(SliceRules.CheckPoolName(device.String("pool"), $"{path}.pool"))
            .Concat(FieldRules.RequiredName(device, "device", path, Names.CheckLabel));

    private static IEnumerable<FieldError> CheckDevice(JsonObject device, string path, HashSet<string> allocated)
    {
        var network = device.Object("networkData");
        return CheckIdentity(device, path)
            .Concat(allocated.Contains(Identity(device)) ? [] : [FieldError.Invalid(path, Identity(device), "must be an allocated device in the claim")])
            .Concat(device.Array("conditions") is { Count: > MostConditions } many ? [FieldError.TooMany($"{path}.conditions", many.Count, MostConditions)] : [])
            .Concat(device["data"] is { } data ? DeviceConfigurationRules.CheckRaw(data, $"{path}.data", LongestData) : [])
            .Concat(DeviceLists.Texts(network, "ips", $"{path}.networkData", MostAddresses, FieldRules.Network));
    }

    private static string Identity(JsonObject device) => string.Join('/', new[] { "driver", "pool", "device", "shareID" }.Select(field => device.String(field)).Where(part => part is { Length: > 0 }));
}
