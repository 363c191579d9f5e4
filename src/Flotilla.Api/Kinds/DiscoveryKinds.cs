using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>Group <c>discovery.k8s.io</c>.</summary>
public static class DiscoveryKinds
{
    private const int MaximumEndpoints = 1000;
    private const int Shown = 3;

    public static readonly Kind EndpointSlice = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", Scope.Namespaced)
    {
        HasGeneration = true,
        Default = item =>
        {
            foreach (var port in item.Objects("ports"))
            {
                port.Default("name", "");
                port.DefaultText("protocol", "TCP");
            }
        },
        Validate = Check,
        Columns =
        [
            Cells.Name, Cells.Text("AddressType", "addressType"),
            new("Ports", (item, _) => Some(item.Objects("ports").Select(port => port.Integer("port") is { } number ? number.ToString(CultureInfo.InvariantCulture) : "*"), item.Array("ports") is null ? "<unset>" : Cells.None)),
            new("Endpoints", (item, _) => Some(item.Objects("endpoints").SelectMany(endpoint => (endpoint.Array("addresses") ?? []).Select(address => address.AsString() ?? "")), "<unset>")),
            Cells.Age,
        ],
    };

    public static IEnumerable<Kind> All => [EndpointSlice];

    private static string Some(IEnumerable<string> items, string absent)
    {
        var all = items.ToList();
        var text = string.Join(",", all.Take(Shown));
        return all.Count == 0 ? absent : all.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"{text} + {all.Count - Shown} more...") : text;
    }

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var type = item.String("addressType") ?? "";
        foreach (var error in FieldRules.RequiredOneOf(item, "addressType", "", "FQDN", "IPv4", "IPv6").Select(error => error with { Field = "addressType" }))
        {
            yield return error;
        }

        if (item.Array("endpoints")?.Count > MaximumEndpoints)
        {
            yield return FieldError.TooMany("endpoints", item.Array("endpoints")!.Count, MaximumEndpoints);
        }

        foreach (var error in item.Objects("endpoints").SelectMany((endpoint, i) => CheckEndpoint(endpoint, FieldRules.Indexed("endpoints", i), type))
            .Concat(item.Objects("ports").SelectMany((port, i) => FieldRules.OneOf(port, "protocol", FieldRules.Indexed("ports", i), "SCTP", "TCP", "UDP"))))
        {
            yield return error;
        }

        if (old is not null && type != old.String("addressType"))
        {
            yield return FieldError.Invalid("addressType", type, FieldRules.Immutable);
        }
    }

    private static IEnumerable<FieldError> CheckEndpoint(JsonObject endpoint, string path, string type)
    {
        if (endpoint.Array("addresses") is not { Count: > 0 } addresses)
        {
            yield return FieldError.Required($"{path}.addresses", "must contain at least 1 address");
            yield break;
        }

        foreach (var (address, i) in addresses.Select((address, i) => (address.AsString() ?? "", i)))
        {
            if (type is "IPv4" or "IPv6" && (!FieldRules.IsAddress(address) || address.Contains(':', StringComparison.Ordinal) != (type == "IPv6")))
            {
                yield return FieldError.Invalid(FieldRules.Indexed($"{path}.addresses", i), address, $"must be a valid {type} address");
            }
        }
    }
}
