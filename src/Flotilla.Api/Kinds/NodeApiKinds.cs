using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>Group <c>node.k8s.io</c>.</summary>
public static class NodeApiKinds
{
    public static readonly Kind RuntimeClass = new("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", Scope.Cluster)
    {
        NeedsVersionOnUpdate = true,
        Validate = Check,
        Columns = [Cells.Name, Cells.Text("Handler", "handler"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [RuntimeClass];

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var handler = item.String("handler") ?? "";
        if (Names.CheckLabel(handler) is { } wrong)
        {
            yield return FieldError.Invalid("handler", handler, wrong);
        }

        foreach (var error in (item.Object("overhead").Object("podFixed") is { } overhead
                ? ResourceRules.CheckContainer(new JsonObject { ["limits"] = overhead.DeepClone() }, "overhead.podFixed", new HashSet<string>()) : [])
            .Concat(FieldRules.LabelMap(item.Object("scheduling").Object("nodeSelector"), "scheduling.nodeSelector"))
            .Concat(TolerationRules.Check(item.Object("scheduling") ?? [], "scheduling")))
        {
            yield return error;
        }

        if (old is not null && handler != old.String("handler"))
        {
            yield return FieldError.Invalid("handler", handler, FieldRules.Immutable);
        }
    }
}
