using System.Text.Json.Nodes;

namespace Flotilla.Api.Patching;

/// <summary>RFC 7386: objects merge, null removes, everything else replaces.</summary>
public static class MergePatch
{
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target as JsonObject ?? new JsonObject();
        foreach (var (name, change) in changes)
        {
            if (change is null)
            {
                result.Remove(name);
            }
            else if (change is JsonObject && result[name] is JsonObject child)
            {
                Apply(child, change);
            }
            else
            {
                result[name] = Apply(null, change);
            }
        }

        return result;
    }
}
