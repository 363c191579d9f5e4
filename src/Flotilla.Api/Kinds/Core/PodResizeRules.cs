using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Through its subresource the cpu and memory of a running pod may change, and nothing else.</summary>
internal static class PodResizeRules
{
    private static readonly string[] Mutable = ["cpu", "memory"];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject old)
    {
        if (old.Object("metadata").Object("annotations")?[PodAnnotationRules.Mirror] is not null)
        {
            return [FieldError.Forbidden("[]", "static pods cannot be resized")];
        }

        if (old.Object("spec").Object("os").String("name") == "windows")
        {
            return [FieldError.Forbidden("[]", "windows pods cannot be resized")];
        }

        var (spec, before) = (item.Object("spec") ?? [], old.Object("spec") ?? []);
        return PodRules.CheckSpec(item).Concat(CheckQuality(item, old))
            .Concat(CheckRemoved(spec, before, "initContainers")).Concat(CheckRemoved(spec, before, "containers"))
            .Concat(CheckOthers(spec, before));
    }

    private static IEnumerable<FieldError> CheckQuality(JsonObject item, JsonObject old)
    {
        var had = old.Object("status").String("qosClass") is { Length: > 0 } known ? known : PodRules.QualityOf(old.Object("spec"));
        if (PodRules.QualityOf(item.Object("spec")) != had)
        {
            yield return FieldError.Invalid("spec", item.Object("status").String("qosClass") ?? "", "Pod QOS Class may not change as a result of resizing");
        }
    }

    private static IEnumerable<FieldError> CheckRemoved(JsonObject spec, JsonObject before, string list) =>
        before.Objects(list).Zip(spec.Objects(list)).SelectMany((pair, i) => list == "initContainers" && pair.First.String("restartPolicy") != "Always" ? [] :
            new[] { "requests", "limits" }.Where(field => IsRemoved(pair.First.Object("resources").Object(field), pair.Second.Object("resources").Object(field)))
                .Select(field => FieldError.Forbidden($"{FieldRules.Indexed($"spec.{list}", i)}.resources.{field}", $"resource {field} cannot be removed")));

    private static bool IsRemoved(JsonObject? had, JsonObject? now) => (had ?? []).Any(pair => now?[pair.Key] is null);

    private static IEnumerable<FieldError> CheckOthers(JsonObject spec, JsonObject before)
    {
        var (now, had) = (spec.Copy(), before.Copy());
        var isSound = true;
        foreach (var (list, owner) in new[] { ("containers", "only cpu and memory resources are mutable"), ("initContainers", "only cpu and memory resources for sidecar containers are mutable") })
        {
            foreach (var (container, other) in now.Objects(list).Zip(had.Objects(list)))
            {
                var isFixed = list == "initContainers" && other.String("restartPolicy") != "Always";
                if (!isFixed)
                {
                    Drop(container);
                    Drop(other);
                }

                if (!container.SameAs(other))
                {
                    isSound = false;
                    yield return FieldError.Forbidden("spec", isFixed ? "resources for non-sidecar init containers are immutable" : owner);
                }
            }
        }

        Drop(now);
        Drop(had);
        if (isSound && !now.SameAs(had))
        {
            yield return FieldError.Forbidden("spec", "only cpu and memory resources are mutable");
        }
    }

    private static void Drop(JsonObject owner)
    {
        owner.Remove("resizePolicy");
        foreach (var (parent, amounts) in new[] { "limits", "requests" }.Select(field => (field, owner.Object("resources").Object(field))))
        {
            foreach (var name in Mutable)
            {
                amounts?.Remove(name);
            }

            if (amounts is { Count: 0 })
            {
                owner.Object("resources")!.Remove(parent);
            }
        }

        if (owner.Object("resources") is { Count: 0 })
        {
            owner.Remove("resources");
        }
    }
}
