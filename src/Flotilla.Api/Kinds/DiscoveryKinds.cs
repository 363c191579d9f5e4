using System.Globalization;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Discovery;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

/// <summary>Group <c>discovery.k8s.io</c>.</summary>
public static class DiscoveryKinds
{
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
        Validate = EndpointSliceRules.Check,
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
}
