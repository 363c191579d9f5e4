using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>A pod, or the template of one, as the checks look at it.</summary>
internal sealed class CheckedPod(JsonObject? metadata, JsonObject? spec)
{
    public JsonObject? Spec => spec;

    public JsonObject? Annotations => metadata.Object("annotations");

    public JsonObject? Security => spec.Object("securityContext");

    public IReadOnlyList<JsonObject> Containers { get; } = [.. spec.Objects("initContainers").Concat(spec.Objects("containers")).Concat(spec.Objects("ephemeralContainers"))];

    public bool IsWindows => spec.Object("os").String("name") == "windows";

    /// <summary>Root inside a user namespace is nobody outside.</summary>
    public bool HasUserNamespace => spec.Boolean("hostUsers") == false;

    public List<string> Where(Func<JsonObject?, bool> isBad) => [.. Containers.Where(container => isBad(container.Object("securityContext"))).Select(NameOf)];

    public static string NameOf(JsonObject container) => container.String("name") ?? "";
}
