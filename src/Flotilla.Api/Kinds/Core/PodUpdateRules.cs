using System.Text.Json.Nodes;
using Flotilla.Api.GoTypes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>A running pod is nearly immutable: images, the deadline and further tolerations may change.</summary>
internal static class PodUpdateRules
{
    private const string Allowed = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject old)
    {
        var (spec, before) = (item.Object("spec") ?? [], old.Object("spec") ?? []);
        foreach (var error in PodAnnotationRules.CheckUpdate(item.Object("metadata"), old.Object("metadata"), "metadata.annotations"))
        {
            yield return error;
        }

        foreach (var list in new[] { "containers", "initContainers" })
        {
            var (now, had) = (spec.Array(list)?.Count ?? 0, before.Array(list)?.Count ?? 0);
            if (now != had)
            {
                yield return FieldError.Forbidden($"spec.{list}", "pod updates may not add or remove containers");
                yield break;
            }
        }

        foreach (var error in ContainerRules.CheckImages(spec, "containers").Concat(ContainerRules.CheckImages(spec, "initContainers")))
        {
            yield return error;
        }

        var deadline = CheckDeadline(spec, before).ToList();
        foreach (var error in deadline)
        {
            yield return error;
        }

        if (deadline.Count > 0 && spec["activeDeadlineSeconds"] is not null)
        {
            yield break;
        }

        var (munged, reference) = (spec.Copy(), before.Copy());
        var gated = before.Array("schedulingGates") is { Count: > 0 } ? GatedPodRules.Check(spec, before) : [];
        foreach (var error in TolerationRules.CheckAdded(spec, before).Concat(CheckGates(spec, before)).Concat(gated))
        {
            yield return error;
        }

        Mask(munged, reference);
        if (!munged.SameAs(reference))
        {
            yield return FieldError.Forbidden("spec", Allowed + "\n" + GoDifference.Text("PodSpec", reference, munged));
        }
    }

    private static IEnumerable<FieldError> CheckDeadline(JsonObject spec, JsonObject before)
    {
        if (spec.Integer("activeDeadlineSeconds") is { } now)
        {
            if (now is < 0 or > int.MaxValue)
            {
                yield return FieldError.Invalid("spec.activeDeadlineSeconds", now, "must be between 0 and 2147483647, inclusive");
            }
            else if (before.Integer("activeDeadlineSeconds") is { } had && now > had)
            {
                yield return FieldError.Invalid("spec.activeDeadlineSeconds", now, "must be less than or equal to previous value");
            }
        }
        else if (before.Integer("activeDeadlineSeconds") is not null)
        {
            yield return FieldError.Invalid("spec.activeDeadlineSeconds", (JsonNode?)null, "must not update from a positive integer to nil value");
        }
    }

    private static IEnumerable<FieldError> CheckGates(JsonObject spec, JsonObject before)
    {
        var had = before.Objects("schedulingGates").Select(gate => gate.String("name")).ToHashSet();
        return FieldRules.Each(spec, "schedulingGates", "spec", (gate, at) => had.Contains(gate.String("name")) ? []
            : [FieldError.Forbidden($"{at}.name", $"only deletion is allowed, but found new scheduling gate '{gate.String("name")}'")]);
    }

    /// <summary>Makes what may differ equal, so that the rest can be compared.</summary>
    private static void Mask(JsonObject munged, JsonObject reference)
    {
        foreach (var list in new[] { "containers", "initContainers" })
        {
            foreach (var (container, other) in munged.Objects(list).Zip(reference.Objects(list)))
            {
                container["image"] = other["image"]?.DeepClone();
            }
        }

        Take(munged, reference, "activeDeadlineSeconds");
        Take(munged, reference, "tolerations");
        if (reference.Array("schedulingGates") is { Count: > 0 })
        {
            Take(munged, reference, "nodeSelector");
            GatedPodRules.MaskAffinity(munged, reference);
        }

        Take(munged, reference, "schedulingGates");
        if (reference.Integer("terminationGracePeriodSeconds") is < 0 && munged.Integer("terminationGracePeriodSeconds") == 1)
        {
            Take(munged, reference, "terminationGracePeriodSeconds");
        }
    }

    private static void Take(JsonObject target, JsonObject source, string field)
    {
        if (source[field] is { } value)
        {
            target[field] = value.DeepClone();
        }
        else
        {
            target.Remove(field);
        }
    }
}
