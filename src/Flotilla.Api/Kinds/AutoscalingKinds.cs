using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Autoscaling;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

/// <summary>Autoscalers; version 2 is what is stored.</summary>
public static class AutoscalingKinds
{
    public static readonly Kind V2 = new("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", Scope.Namespaced)
    {
        ShortNames = ["hpa"],
        Categories = ["all"],
        HasStatus = true,
        Default = AutoscalerRules.Default,
        Validate = AutoscalerRules.Check,
        Parts = AutoscalerRules.Parts,
        Columns = AutoscalerRules.Columns,
    };

    public static readonly Kind V1 = new("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", Scope.Namespaced)
    {
        ShortNames = ["hpa"],
        Categories = ["all"],
        HasStatus = true,
        StoredAs = V2,
        ToStored = AutoscalerConversion.ToV2,
        FromStored = AutoscalerConversion.ToV1,
        Default = AutoscalerRules.DefaultV1,
        Columns = [.. AutoscalerRules.Columns.Select(column => column with { Cell = (item, context) => column.Cell(AutoscalerConversion.AsV2(item), context) })],
    };

    public static IEnumerable<Kind> All => [V2, V1];
}
