using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>What the status of a pod may say.</summary>
internal static class PodStatusRules
{
    private static readonly string[] System = ["PodScheduled", "Ready", "Initialized"];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject old)
    {
        var (status, before, spec) = (item.Object("status"), old.Object("status"), old.Object("spec"));
        return PodAnnotationRules.CheckUpdate(item.Object("metadata"), old.Object("metadata"), "metadata.annotations")
            .Concat(FieldRules.Each(status, "conditions", "metadata", (condition, at) =>
                System.Contains(condition.String("type")) ? [] : FieldRules.Text(condition.String("type") ?? "", $"{at}.Type", Names.CheckLabelKey)))
            .Concat(FieldRules.Unchanged(status?["qosClass"] ?? "", before?["qosClass"] ?? "", "status.qosClass"))
            .Concat(CheckEnded(status, before, "containerStatuses", spec, spec.String("restartPolicy")))
            .Concat(CheckEnded(status, before, "initContainerStatuses", spec, spec.String("restartPolicy")))
            .Concat(CheckEnded(status, before, "ephemeralContainerStatuses", spec, "Never"))
            .Concat(FieldRules.Each(status, "podIPs", "status", (address, at) => FieldRules.Address(address.String("ip"), at)))
            .Concat(FieldRules.Each(status, "hostIPs", "status", (address, at) => FieldRules.Address(address.String("ip"), at)));
    }

    // A container that ended for good does not come back.
    private static IEnumerable<FieldError> CheckEnded(JsonObject? status, JsonObject? before, string list, JsonObject? spec, string? restartPolicy) => restartPolicy == "Always" ? [] :
        FieldRules.Each(before, list, "status", (had, at) =>
        {
            var ended = had.Object("state").Object("terminated");
            var name = had.String("name");
            var returns = ended is null || (ended.Integer("exitCode") is not (null or 0) && restartPolicy == "OnFailure") || MayRestart(spec, name);
            return returns ? [] : status.Objects(list).Where(now => now.String("name") == name && now.Object("state").Object("terminated") is null)
                .Select(_ => FieldError.Forbidden($"{at}.state", "may not be transitioned to non-terminated state"));
        });

    private static bool MayRestart(JsonObject? spec, string? name) => spec.Objects("containers").Concat(spec.Objects("initContainers"))
        .Any(container => container.String("name") == name && (container.String("restartPolicy") is "Always" or "OnFailure" || container.Array("restartPolicyRules") is { Count: > 0 }));
}
