using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>How events word a resize: what it is about, then the resources and the pod's generation as JSON.</summary>
internal static class ResizeMessages
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string For(string what, V1Pod pod, string? error = null)
    {
        var summary = new JsonObject();
        if (pod.Spec.InitContainers is { Count: > 0 } init)
        {
            summary["initContainers"] = Containers(init);
        }
        summary["containers"] = Containers(pod.Spec.Containers);
        summary["generation"] = pod.Metadata.Generation;
        if (error is not null)
        {
            summary["error"] = error;
        }
        return $"Pod resize {what}: {summary.ToJsonString(Plain)}";
    }

    private static JsonArray Containers(IEnumerable<V1Container> containers) => new([.. containers.Select(container => new JsonObject
    {
        ["name"] = container.Name, ["resources"] = JsonNode.Parse(ObjectJson.Encode(container.Resources ?? new V1ResourceRequirements())),
    })]);
}
