using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The subresources through which part of a pod changes; everything else stays as it was.</summary>
internal static class PodParts
{
    public static readonly IReadOnlyDictionary<string, PartialUpdate> All = new Dictionary<string, PartialUpdate>
    {
        [Subresource.StatusName] = new(PodStatusRules.Check, KeepQuality),
        ["ephemeralcontainers"] = new(EphemeralContainerRules.Check, KeepAllButEphemeral),
        ["resize"] = new(PodResizeRules.Check, KeepAllButResources),
    };

    // Whoever reports a status need not know the class of the pod.
    private static void KeepQuality(JsonObject item, JsonObject old)
    {
        if (string.IsNullOrEmpty(item.Object("status").String("qosClass")))
        {
            Put(item.Child("status"), "qosClass", old.Object("status")?["qosClass"]?.DeepClone());
        }
    }

    private static void KeepAllButEphemeral(JsonObject item, JsonObject old)
    {
        var containers = item.Object("spec")?["ephemeralContainers"]?.DeepClone();
        Keep(item, old);
        Put(item.Child("spec"), "ephemeralContainers", containers);
    }

    // Containers are found by their names: an unknown one changes nothing.
    private static void KeepAllButResources(JsonObject item, JsonObject old)
    {
        var wanted = item.Object("spec")?.Copy();
        Keep(item, old);
        var spec = item.Child("spec");
        Put(spec, "resources", wanted?["resources"]?.DeepClone());
        foreach (var list in new[] { "containers", "initContainers" })
        {
            foreach (var container in spec.Objects(list))
            {
                if (wanted.Objects(list).FirstOrDefault(other => other.String("name") == container.String("name")) is { } given)
                {
                    Put(container, "resources", given["resources"]?.DeepClone());
                    Put(container, "resizePolicy", given["resizePolicy"]?.DeepClone());
                }
            }
        }
    }

    private static void Keep(JsonObject item, JsonObject old)
    {
        Put(item, "spec", old["spec"]?.DeepClone());
        Put(item, "status", old["status"]?.DeepClone());
        foreach (var field in new[] { "labels", "annotations", "finalizers", "ownerReferences" })
        {
            Put(item.Child("metadata"), field, old.Object("metadata")?[field]?.DeepClone());
        }
    }

    private static void Put(JsonObject target, string name, JsonNode? value)
    {
        if (value is null)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = value;
        }
    }
}
