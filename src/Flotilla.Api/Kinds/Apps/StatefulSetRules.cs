using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

internal static class StatefulSetRules
{
    private const string Allowed = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    private static readonly string[] Mutable = ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];

    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.DefaultText("podManagementPolicy", "OrderedReady");
        var strategy = spec.Child("updateStrategy");
        if (string.IsNullOrEmpty(strategy.String("type")))
        {
            strategy["type"] = "RollingUpdate";
        }

        if (strategy.String("type") == "RollingUpdate")
        {
            strategy.Child("rollingUpdate").Default("partition", 0);
        }

        var retention = spec.Child("persistentVolumeClaimRetentionPolicy");
        retention.DefaultText("whenDeleted", "Retain");
        retention.DefaultText("whenScaled", "Retain");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        PodTemplateRules.Default(spec.Object("template"));
        foreach (var claim in spec.Objects("volumeClaimTemplates"))
        {
            claim.DefaultText("apiVersion", "v1");
            claim.DefaultText("kind", "PersistentVolumeClaim");
            PodDefaults.ApplyClaim(claim);
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return CheckManagement(spec.String("podManagementPolicy"))
            .Concat(CheckStrategy(spec.Object("updateStrategy"), "spec.updateStrategy"))
            .Concat(CheckRetention(spec.Object("persistentVolumeClaimRetentionPolicy"), "spec.persistentVolumeClaimRetentionPolicy"))
            .Concat(FieldRules.NonNegative(spec, "replicas", "spec"))
            .Concat(FieldRules.NonNegative(spec, "minReadySeconds", "spec"))
            .Concat(FieldRules.NonNegative(spec.Object("ordinals"), "start", "spec.ordinals"))
            .Concat(FieldRules.Named(spec, "serviceName", "spec", Names.CheckLabel).Ratcheted(Ratchet.ServiceNames))
            .Concat(WorkloadRules.CheckSelector(spec, "statefulset"))
            .Concat(CheckTemplate(spec))
            .Concat(old is null ? [] : CheckUpdate(spec, old.Object("spec") ?? []));
    }

    // Volumes come from the claims as well, so that upstream leaves the pod's spec to the pods.
    private static IEnumerable<FieldError> CheckTemplate(JsonObject spec) =>
        WorkloadRules.CheckLabels(spec).Concat(PodTemplateRules.CheckMetadata(spec.Object("template"), "spec.template")).Concat(PodTemplateRules.CheckForever(spec, "StatefulSet"));

    private static IEnumerable<FieldError> CheckManagement(string? policy) => policy switch
    {
        null or "" => [FieldError.Required("spec.podManagementPolicy")],
        "OrderedReady" or "Parallel" => [],
        _ => [FieldError.Invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")],
    };

    private static IEnumerable<FieldError> CheckStrategy(JsonObject? strategy, string path)
    {
        switch (strategy.String("type"))
        {
            case null or "":
                yield return FieldError.Required(path);
                break;
            case "OnDelete" when strategy.Object("rollingUpdate") is not null:
                yield return FieldError.Invalid($"{path}.rollingUpdate", strategy.Object("rollingUpdate")!.DeepClone(), "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "RollingUpdate":
                var rolling = strategy.Object("rollingUpdate");
                foreach (var error in FieldRules.NonNegative(rolling, "partition", $"{path}.rollingUpdate")
                    .Concat(FieldRules.CountOrPercent(rolling?["maxUnavailable"], $"{path}.rollingUpdate.maxUnavailable", limited: true)))
                {
                    yield return error;
                }

                if (rolling?["maxUnavailable"] is { } unavailable && FieldRules.IsZero(unavailable))
                {
                    yield return FieldError.Invalid($"{path}.rollingUpdate.maxUnavailable", unavailable.DeepClone(), "cannot be 0");
                }

                break;
            case "OnDelete":
                break;
            case var other:
                yield return FieldError.Invalid(path, other, "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }

    private static IEnumerable<FieldError> CheckRetention(JsonObject? policy, string path) =>
        FieldRules.RequiredOneOf(policy, "whenDeleted", path, "Retain", "Delete").Concat(FieldRules.RequiredOneOf(policy, "whenScaled", path, "Retain", "Delete"));

    private static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject before)
    {
        var (now, had) = (spec.Copy(), before.Copy());
        foreach (var field in Mutable)
        {
            now.Remove(field);
            had.Remove(field);
        }

        if (!now.SameAs(had))
        {
            yield return FieldError.Forbidden("spec", Allowed);
        }
    }
}
