using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.Limits;

/// <summary>Requests and limits for containers that name none, and a note on the pod about what was filled in.</summary>
internal static class LimitDefaults
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    public static void Apply(JsonObject pod, JsonObject range)
    {
        var (requests, limits) = (DefaultsOf(range, "defaultRequest"), DefaultsOf(range, "default"));
        var (spec, notes) = (pod.Child("spec"), new List<string>());
        foreach (var (list, word) in new[] { ("containers", "container"), ("initContainers", "init container") })
        {
            foreach (var container in spec.Objects(list))
            {
                var resources = container.Child("resources");
                Fill(resources, "requests", requests, $"request for {word} {container.String("name")}", notes);
                Fill(resources, "limits", limits, $"limit for {word} {container.String("name")}", notes);
            }
        }

        if (notes.Count > 0)
        {
            pod.Child("metadata").Child("annotations")[Annotation] = "LimitRanger plugin set: " + string.Join("; ", notes);
        }
    }

    private static void Fill(JsonObject resources, string field, JsonObject defaults, string what, List<string> notes)
    {
        var set = new List<string>();
        foreach (var (name, amount) in defaults)
        {
            if (resources.Object(field)?[name] is null)
            {
                resources.Child(field)[name] = amount?.DeepClone();
                set.Add(name);
            }
        }

        if (set.Count > 0)
        {
            notes.Add($"{string.Join(", ", set.Order(StringComparer.Ordinal))} {what}");
        }
    }

    private static JsonObject DefaultsOf(JsonObject range, string field)
    {
        var merged = new JsonObject();
        foreach (var limit in range.Object("spec").Objects("limits").Where(limit => limit.String("type") == "Container"))
        {
            foreach (var (name, amount) in limit.Object(field) ?? [])
            {
                merged[name] = amount?.DeepClone();
            }
        }

        return merged;
    }
}
