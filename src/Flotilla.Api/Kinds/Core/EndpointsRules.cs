using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds.Core;

internal static class EndpointsRules
{
    private const int Shown = 3;

    public static void Default(JsonObject item)
    {
        foreach (var port in item.Objects("subsets").SelectMany(subset => subset.Objects("ports")))
        {
            port.DefaultText("protocol", "TCP");
        }
    }

    /// <summary>The first three address:port pairs and how many more there are.</summary>
    public static string Text(JsonObject item)
    {
        var all = item.Objects("subsets").SelectMany(subset =>
        {
            var ports = subset.Objects("ports").ToList();
            return ports.Count == 0
                ? subset.Objects("addresses").Select(address => address.String("ip") ?? "")
                : ports.SelectMany(port => subset.Objects("addresses").Select(address => Pair(address.String("ip") ?? "", port.Integer("port") ?? 0)));
        }).ToList();
        if (all.Count == 0)
        {
            return Cells.None;
        }

        var text = string.Join(",", all.Take(Shown));
        return all.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"{text} + {all.Count - Shown} more...") : text;
    }

    private static string Pair(string ip, long port) =>
        string.Create(CultureInfo.InvariantCulture, $"{(ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip)}:{port}");
}
