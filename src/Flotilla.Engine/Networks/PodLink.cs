using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Engine.Networks;

/// <summary>The link of a pod, as <c>ip -j</c> tells of it: what is lost when it moves into another namespace. Pure.</summary>
/// <param name="Addresses">With the lengths of their prefixes.</param>
/// <param name="Gateway">Of IPv4; empty: nothing leads on.</param>
internal sealed record PodLink(IReadOnlyList<string> Addresses, string Gateway, string Gateway6)
{
    /// <summary>As every pod calls it.</summary>
    public const string Device = "eth0";

    public static PodLink Parse(string addresses, string routes, string routes6) => new(
        [.. Objects(addresses).SelectMany(link => link.Objects("addr_info")).Where(address => address.String("scope") == "global").Select(address => string.Create(CultureInfo.InvariantCulture, $"{address.String("local")}/{address.Integer("prefixlen")}"))],
        GatewayIn(routes),
        GatewayIn(routes6));

    /// <summary>The names of links but for the loopback, from <c>ip -j link show</c>.</summary>
    public static IReadOnlyList<string> Names(string links) => [.. Objects(links).Select(link => link.String("ifname") ?? "").Where(name => name.StartsWith("eth", StringComparison.Ordinal))];

    /// <summary>Makes it again under this name. IPv6 has no other way out; that of IPv4 is chosen among all networks of a container.</summary>
    /// <param name="ranges">Of the cluster: they are reached by it in any case.</param>
    public string Script(string device, IEnumerable<IPNetwork> ranges)
    {
        var text = new StringBuilder();
        foreach (var address in Addresses)
        {
            text.Append($"addr add {address} dev {device}{(address.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}\n");
        }

        text.Append($"link set {device} up\n");
        foreach (var range in ranges)
        {
            var gateway = range.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? Gateway6 : Gateway;
            if (gateway.Length > 0)
            {
                text.Append($"route replace {range} via {gateway} dev {device}\n");
            }
        }

        return Gateway6.Length > 0 ? text.Append($"route replace default via {Gateway6} dev {device}\n").ToString() : text.ToString();
    }

    private static string GatewayIn(string routes) => Objects(routes).Select(route => route.String("gateway")).FirstOrDefault(gateway => gateway is not null) ?? "";

    private static IEnumerable<JsonObject> Objects(string text) => text.Trim().Length == 0 ? [] : (JsonNode.Parse(text) as JsonArray ?? []).OfType<JsonObject>();
}
