using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Discovery;

internal static class EndpointSliceRules
{
    private const int MostEndpoints = 1000;
    private const int MostAddresses = 100;
    private const int MostPorts = 100;
    private const int MostHints = 8;

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var type = item.String("addressType") ?? "";
        var errors = FieldRules.RequiredOneOf(item, "addressType", "", "FQDN", "IPv4", "IPv6").Concat(CheckEndpoints(item, type)).Concat(CheckPorts(item));
        return old is null ? errors : errors.Concat(FieldRules.Unchanged(item["addressType"], old["addressType"], "addressType"));
    }

    private static IEnumerable<FieldError> CheckEndpoints(JsonObject item, string type) => item.Array("endpoints") is { Count: > MostEndpoints } many
        ? [FieldError.TooMany("endpoints", many.Count, MostEndpoints)]
        : FieldRules.Each(item, "endpoints", "", (endpoint, at) => CheckAddresses(endpoint, at, type)
            .Concat(FieldRules.LabelMap(endpoint.Object("deprecatedTopology"), $"{at}.deprecatedTopology"))
            .Concat(endpoint.String("hostname") is { } host ? FieldRules.Text(host, $"{at}.hostname", Names.CheckLabel) : [])
            .Concat(endpoint.String("nodeName") is { } node ? FieldRules.Text(node, $"{at}.nodeName", Names.CheckSubdomain) : [])
            .Concat(CheckHints(endpoint.Object("hints"), $"{at}.hints")));

    private static IEnumerable<FieldError> CheckAddresses(JsonObject endpoint, string path, string type) => (endpoint.Array("addresses")?.Count ?? 0) switch
    {
        0 => [FieldError.Required($"{path}.addresses", "must contain at least 1 address")],
        > MostAddresses and var count => [FieldError.TooMany($"{path}.addresses", count, MostAddresses)],
        _ => FieldRules.EachText(endpoint, "addresses", path, (address, at) => CheckAddress(address, at, type)),
    };

    private static IEnumerable<FieldError> CheckAddress(string address, string path, string type) => type switch
    {
        "IPv4" or "IPv6" => (FieldRules.IsAddress(address) && AddressRules.IsVersion6(address) == (type == "IPv6") ? [] : new[] { FieldError.Invalid(path, address, $"must be a valid {type} address") with { Ratchet = $"address {address}" } })
            .Concat(AddressRules.NotSpecial(address, path)),
        "FQDN" => FieldRules.Text(address, path, Names.CheckSubdomain)
            .Concat(address.Contains('.', StringComparison.Ordinal) ? [] : [FieldError.Invalid(path, address, "should be a domain with at least two segments separated by dots")]),
        _ => [],
    };

    private static IEnumerable<FieldError> CheckHints(JsonObject? hints, string path)
    {
        var zones = new HashSet<string>(StringComparer.Ordinal);
        return (hints.Array("forZones") is { Count: > MostHints } many ? [FieldError.TooMany($"{path}.forZones", many.Count, MostHints)] : Array.Empty<FieldError>())
            .Concat(FieldRules.Each(hints, "forZones", path, (zone, at) => zones.Add(zone.String("name") ?? "") ? FieldRules.Text(zone.String("name") ?? "", $"{at}.name", Names.CheckLabelValue)
                : [FieldError.Duplicate($"{at}.name", zone.String("name") ?? "")]));
    }

    private static IEnumerable<FieldError> CheckPorts(JsonObject item)
    {
        if (item.Array("ports") is { Count: > MostPorts } many)
        {
            return [FieldError.TooMany("ports", many.Count, MostPorts)];
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(item, "ports", "", (port, at) => FieldRules.Named(port, "name", at, Names.CheckLabel)
            .Concat(names.Add(port.String("name") ?? "") ? [] : [FieldError.Duplicate($"{at}.name", port.String("name") ?? "")])
            .Concat(FieldRules.RequiredOneOf(port, "protocol", at, "SCTP", "TCP", "UDP"))
            .Concat(port.String("appProtocol") is { } protocol ? FieldRules.Text(protocol, $"{at}.appProtocol", Names.CheckLabelKey) : []));
    }
}
