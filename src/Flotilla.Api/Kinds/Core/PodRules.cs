using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class PodRules
{
    public static void Default(JsonObject item) => PodDefaults.ApplyPod(item);

    /// <summary>Every pod starts out pending, whatever status its author sent.</summary>
    public static void Prepare(JsonObject item)
    {
        var status = new JsonObject { ["phase"] = "Pending" };
        if (item.Object("spec").Array("schedulingGates") is { Count: > 0 })
        {
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "PodScheduled", ["status"] = "False", ["lastProbeTime"] = null, ["lastTransitionTime"] = null,
                ["reason"] = "SchedulingGated", ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
            });
        }

        status["qosClass"] = QualityOf(item.Object("spec"));
        item["status"] = status;
    }

    /// <summary>Pods that run nowhere go at once.</summary>
    public static long? GracePeriod(JsonObject item)
    {
        if (string.IsNullOrEmpty(item.Object("spec").String("nodeName")) || item.Object("status").String("phase") is "Failed" or "Succeeded")
        {
            return 0;
        }

        var seconds = item.Object("spec").Integer("terminationGracePeriodSeconds") ?? 30;
        return seconds < 0 ? 1 : seconds;
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old) => old is null ? CheckSpec(item).Concat(CheckCreate(item)) : CheckSpec(item).Concat(PodUpdateRules.Check(item, old));

    /// <summary>What holds for every pod, whoever changes it.</summary>
    public static IEnumerable<FieldError> CheckSpec(JsonObject item)
    {
        var spec = item.Object("spec") ?? [];
        return PodAnnotationRules.Check(item.Object("metadata"), spec, "metadata.annotations")
            .Concat(PodSpecRules.Check(spec, "spec", item.Object("metadata")))
            .Concat(string.IsNullOrEmpty(spec.String("serviceAccountName")) ? ForbidTokens(spec) : [])
            .Concat(ContainerRules.CheckImages(spec, "containers")).Concat(ContainerRules.CheckImages(spec, "initContainers"));
    }

    private static IEnumerable<FieldError> CheckCreate(JsonObject item)
    {
        var spec = item.Object("spec") ?? [];
        IEnumerable<FieldError> errors = spec.Array("ephemeralContainers") is { Count: > 0 } ? [FieldError.Forbidden("spec.ephemeralContainers", "cannot be set on create")] : [];
        return errors.Concat(!string.IsNullOrEmpty(spec.String("nodeName")) && spec.Array("schedulingGates") is { Count: > 0 }
            ? [FieldError.Forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")]
            : []);
    }

    private static IEnumerable<FieldError> ForbidTokens(JsonObject spec) =>
        FieldRules.Each(spec, "volumes", "spec", (volume, at) => FieldRules.Each(volume.Object("projected"), "sources", $"{at}.projected", (source, place) =>
            FieldRules.Absent(source, place, "must not be specified when serviceAccountName is not set", "serviceAccountToken")));

    /// <summary>Guaranteed when cpu and memory limits equal requests everywhere; BestEffort when nothing is asked for.</summary>
    public static string QualityOf(JsonObject? spec)
    {
        var sets = spec.Object("resources") is { Count: > 0 } own
            ? [own]
            : spec.Objects("containers").Concat(spec.Objects("initContainers")).Select(container => container.Object("resources") ?? []).ToList();
        var (any, guaranteed) = (false, true);
        foreach (var resources in sets)
        {
            foreach (var name in new[] { "cpu", "memory" })
            {
                var (request, limit) = (Positive(resources.Object("requests")?[name]), Positive(resources.Object("limits")?[name]));
                any |= request is not null || limit is not null;
                guaranteed &= limit is not null && (request is null || request == limit);
            }
        }

        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static Quantity? Positive(JsonNode? amount) => FieldRules.Amount(amount) is { Sign: > 0 } value ? value : null;
}
