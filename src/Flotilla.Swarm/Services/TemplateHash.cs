using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Swarm.Services;

/// <summary>
/// Whether a task is still what its service wants: template and endpoint, without constraints (a task that still
/// satisfies them stays) and without what only says how an image is found. What is missing equals what is empty.
/// </summary>
internal static class TemplateHash
{
    public static string Of(JsonNode? taskTemplate, JsonNode? endpoint)
    {
        var template = (JsonObject)(taskTemplate?.DeepClone() ?? new JsonObject());
        template.Object("Placement")?.Remove("Constraints");
        template.Object("Placement")?.Remove("Platforms");
        template.Object("ContainerSpec")?.Remove("PullOptions");
        if (template.Object("ContainerSpec").String("Isolation") == "default")
        {
            template.Object("ContainerSpec")!.Remove("Isolation");
        }

        var both = new JsonArray(Bare(template), Bare(endpoint?.DeepClone()));
        return Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(GoJsonText.Sorted(both))))[..16];
    }

    public static string Of(SwarmService service)
    {
        var spec = WireJson.Node(service.Spec) as JsonObject;
        return Of(spec?["TaskTemplate"], spec?["EndpointSpec"]);
    }

    private static JsonNode? Bare(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject value:
                var kept = new JsonObject();
                foreach (var (name, child) in value)
                {
                    if (Bare(child?.DeepClone()) is { } bare)
                    {
                        kept[name] = bare;
                    }
                }

                return kept.Count == 0 ? null : kept;
            case JsonArray list:
                return list.Count == 0 ? null : new JsonArray([.. list.Select(item => Bare(item?.DeepClone()) ?? new JsonObject())]);
            case JsonValue value when value.ToString() is "" or "0" or "false":
                return null;
            default:
                return node;
        }
    }
}
