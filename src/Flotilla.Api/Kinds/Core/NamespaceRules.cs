using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class NamespaceRules
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>Selectors can name a namespace through its label.</summary>
    public static void Default(JsonObject item)
    {
        if (item.Object("metadata").String("name") is { Length: > 0 } name)
        {
            item.Child("metadata").Child("labels")[NameLabel] = name;
        }
    }

    /// <summary>A namespace lives until its content is gone: the finalizer of its spec says so.</summary>
    public static void Prepare(JsonObject item)
    {
        Default(item);
        var spec = item.Child("spec");
        var finalizers = spec.Array("finalizers") ?? [];
        if (!finalizers.Any(finalizer => finalizer.AsString() == "kubernetes"))
        {
            finalizers.Add("kubernetes");
        }

        spec["finalizers"] = finalizers.DeepClone();
        item["status"] = new JsonObject { ["phase"] = "Active" };
    }

    /// <summary>The phase follows from the deletion, never the other way around.</summary>
    public static IEnumerable<FieldError> CheckStatus(JsonObject item, JsonObject old)
    {
        var phase = item.Object("status").String("phase") ?? "";
        var isDeleted = item.Object("metadata").String("deletionTimestamp") is not null;
        return (isDeleted, phase) switch
        {
            (false, not "Active") => [FieldError.Invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")],
            (true, not "Terminating") => [FieldError.Invalid("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")],
            _ => [],
        };
    }

    public static void PrepareUpdate(JsonObject item, JsonObject old)
    {
        if (old.Object("spec")?["finalizers"] is { } finalizers)
        {
            item.Child("spec")["finalizers"] = finalizers.DeepClone();
        }
    }
}
