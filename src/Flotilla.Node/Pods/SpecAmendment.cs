using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Pods;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What a pod asks for that CRI has no field for, in the specification that the runtime makes a container by. Pure.</summary>
/// <param name="Ulimits">By name, e.g. <c>nofile</c>; -1: no limit.</param>
/// <param name="PidsLimit">null: as the runtime has it.</param>
internal sealed record SpecAmendment(IReadOnlyList<(string Name, long Soft, long Hard)> Ulimits, long? PidsLimit)
{
    /// <summary>null: it asks for nothing of the kind.</summary>
    /// <exception cref="ContainerException">What it asks for cannot be read.</exception>
    public static SpecAmendment? For(V1Pod pod)
    {
        var (ulimits, pids) = (pod.GetAnnotation(PodAnnotations.Ulimits), pod.GetAnnotation(PodAnnotations.PidsLimit));
        return ulimits is null && pids is null ? null : new SpecAmendment(
            [.. (ulimits ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Ulimit)],
            pids is null ? null : Number(pids, PodAnnotations.PidsLimit));
    }

    public void Apply(JsonObject spec)
    {
        if (Ulimits.Count > 0)
        {
            var process = Child(spec, "process");
            var kept = (process["rlimits"] as JsonArray ?? []).Where(limit => !Ulimits.Any(own => TypeOf(own.Name) == limit?["type"]?.GetValue<string>()));
            process["rlimits"] = new JsonArray([
                .. kept.Select(limit => limit?.DeepClone()),
                .. Ulimits.Select(limit => new JsonObject { ["type"] = TypeOf(limit.Name), ["soft"] = unchecked((ulong)limit.Soft), ["hard"] = unchecked((ulong)limit.Hard) }),
            ]);
        }
        if (PidsLimit is { } most)
        {
            Child(Child(Child(spec, "linux"), "resources"), "pids")["limit"] = most;
        }
    }

    private static (string Name, long Soft, long Hard) Ulimit(string text) => text.Split('=', ':') switch
    {
        [var name, var both] => (name, Number(both, PodAnnotations.Ulimits), Number(both, PodAnnotations.Ulimits)),
        [var name, var soft, var hard] => (name, Number(soft, PodAnnotations.Ulimits), Number(hard, PodAnnotations.Ulimits)),
        _ => throw Invalid(PodAnnotations.Ulimits, text),
    };

    private static long Number(string text, string annotation) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= -1 ? number : throw Invalid(annotation, text);

    private static ContainerException Invalid(string annotation, string text) => new("CreateContainerConfigError", $"annotation {annotation}: invalid value \"{text}\"");

    private static string TypeOf(string name) => "RLIMIT_" + name.ToUpperInvariant();

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            parent[name] = child = [];
        }
        return child;
    }
}
