using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class EndpointsChecks
{
    /// <summary>Subsets that stay as they are were judged before.</summary>
    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old) =>
        old is not null && item["subsets"].SameAs(old["subsets"]) ? [] : FieldRules.Each(item, "subsets", "", CheckSubset);

    private static IEnumerable<FieldError> CheckSubset(JsonObject subset, string path)
    {
        var isNamed = subset.Array("ports")?.Count > 1;
        return (subset.Array("addresses") is not { Count: > 0 } && subset.Array("notReadyAddresses") is not { Count: > 0 }
                ? [FieldError.Required(path, "must specify `addresses` or `notReadyAddresses`")] : Array.Empty<FieldError>())
            .Concat(FieldRules.Each(subset, "addresses", path, CheckAddress)).Concat(FieldRules.Each(subset, "notReadyAddresses", path, CheckAddress))
            .Concat(FieldRules.Each(subset, "ports", path, (port, at) => CheckPort(port, at, isNamed)));
    }

    private static IEnumerable<FieldError> CheckAddress(JsonObject address, string path) =>
        FieldRules.Address(address.String("ip"), $"{path}.ip")
            .Concat(FieldRules.Named(address, "hostname", path, Names.CheckLabel))
            .Concat(address.String("nodeName") is { } node ? FieldRules.Text(node, $"{path}.nodeName", Names.CheckSubdomain) : [])
            .Concat(AddressRules.NotSpecial(address.String("ip") ?? "", $"{path}.ip"));

    private static IEnumerable<FieldError> CheckPort(JsonObject port, string path, bool isNamed) =>
        (isNamed ? FieldRules.RequiredName(port, "name", path, Names.CheckLabel) : FieldRules.Named(port, "name", path, Names.CheckLabel))
            .Concat(FieldRules.Port(port.Integer("port") ?? 0, $"{path}.port")).Concat(FieldRules.RequiredOneOf(port, "protocol", path, "SCTP", "TCP", "UDP"))
            .Concat(port.String("appProtocol") is { } protocol ? FieldRules.Text(protocol, $"{path}.appProtocol", Names.CheckLabelKey) : []);
}
