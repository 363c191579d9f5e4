using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Aggregation;

namespace Flotilla.Server.Discovery;

/// <summary>Turns another server's plain list of resources into its part of the aggregated document.</summary>
internal static class RemoteResources
{
    public static JsonObject VersionOf(AggregatedApi api)
    {
        var all = api.Resources.Objects("resources").ToList();
        var resources = all.Where(resource => !Name(resource).Contains('/', StringComparison.Ordinal)).OrderBy(Name, StringComparer.Ordinal);
        return new JsonObject
        {
            ["version"] = api.Version,
            ["resources"] = new JsonArray([.. resources.Select(resource => Entry(resource, all.Where(sub => Name(sub).StartsWith(Name(resource) + "/", StringComparison.Ordinal)), api))]),
            ["freshness"] = api.IsAvailable ? "Current" : "Stale",
        };
    }

    private static JsonObject Entry(JsonObject resource, IEnumerable<JsonObject> subresources, AggregatedApi api)
    {
        var entry = new JsonObject
        {
            ["resource"] = Name(resource),
            ["responseKind"] = Kind(resource, api),
            ["scope"] = resource.Boolean("namespaced") == true ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.String("singularName") ?? "",
            ["verbs"] = resource["verbs"]?.DeepClone(),
        };
        foreach (var list in (ReadOnlySpan<string>)["shortNames", "categories"])
        {
            if (resource.Array(list) is { Count: > 0 } names)
            {
                entry[list] = names.DeepClone();
            }
        }

        var below = subresources.Select(sub => (JsonNode)new JsonObject { ["subresource"] = Name(sub)[(Name(resource).Length + 1)..], ["responseKind"] = Kind(sub, api), ["verbs"] = sub["verbs"]?.DeepClone() }).ToArray();
        if (below.Length > 0)
        {
            entry["subresources"] = new JsonArray(below);
        }

        return entry;
    }

    private static JsonObject Kind(JsonObject resource, AggregatedApi api) => new()
    {
        ["group"] = resource.String("group") is { Length: > 0 } group ? group : api.Group,
        ["version"] = resource.String("version") is { Length: > 0 } version ? version : api.Version,
        ["kind"] = resource.String("kind"),
    };

    private static string Name(JsonObject resource) => resource.String("name") ?? "";
}
