using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

internal static class ReplicaSetRules
{
    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.Default("replicas", 1);
        PodTemplateRules.Default(spec.Object("template"));
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return FieldRules.NonNegative(spec, "replicas", "spec")
            .Concat(FieldRules.NonNegative(spec, "minReadySeconds", "spec"))
            .Concat(WorkloadRules.CheckSelector(spec, "replicaset"))
            .Concat(spec.Object("template") is null ? [FieldError.Required("spec.template")] : WorkloadRules.CheckTemplate(spec, "ReplicaSet"))
            .Concat(WorkloadRules.SelectorUnchanged(spec, old));
    }
}
