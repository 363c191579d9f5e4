using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using k8s.Models;

namespace Flotilla.Api.Kinds;

/// <summary>Group <c>metrics.k8s.io</c>: what nodes and pods use right now. Asked for, never stored.</summary>
public static class MetricsKinds
{
    public const string GroupName = "metrics.k8s.io";

    public static readonly Kind NodeMetrics = New("nodes", "NodeMetrics", Scope.Cluster);
    public static readonly Kind PodMetrics = New("pods", "PodMetrics", Scope.Namespaced);

    public static IEnumerable<Kind> All => [NodeMetrics, PodMetrics];

    private static Kind New(string plural, string name, Scope scope) => new(GroupName, "v1beta1", plural, name, scope)
    {
        Singular = "",
        Verbs = ["get", "list"],
        Columns =
        [
            Cells.Name with { Description = "Name of the resource" },
            Usage("cpu"),
            Usage("memory"),
            new("Window", (item, _) => item.String("window"), Format: "duration") { Description = "" },
        ],
    };

    private static Column Usage(string resource) => new(resource, (item, _) => TextOf(resource, item), Format: "quantity") { Description = "" };

    private static string TextOf(string resource, JsonObject item)
    {
        var amounts = item.Object("usage") is { } usage ? [usage] : item.Objects("containers").Select(container => container.Object("usage"));
        var total = amounts.Sum(usage => usage.String(resource) is { } text ? new ResourceQuantity(text).ToDecimal() : 0);
        return resource == "cpu"
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)(total * 1_000_000_000)}n")
            : string.Create(CultureInfo.InvariantCulture, $"{(long)total >> 10}Ki");
    }
}
