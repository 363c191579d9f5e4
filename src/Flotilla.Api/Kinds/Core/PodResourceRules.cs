using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Resources that a pod asks for as a whole: they must hold what its containers ask for.</summary>
internal static class PodResourceRules
{
    public static IEnumerable<FieldError> Check(JsonObject spec, string path)
    {
        if (spec.Object("resources") is not { } resources)
        {
            return [];
        }

        return (resources["claims"] is null ? Array.Empty<FieldError>() : [FieldError.Forbidden($"{path}.claims", "claims cannot be set for Resources at pod-level")])
            .Concat(ResourceRules.CheckPod(resources, path)).Concat(CheckRequests(spec, resources, path)).Concat(CheckLimits(spec, resources, path));
    }

    private static IEnumerable<FieldError> CheckRequests(JsonObject spec, JsonObject resources, string path) =>
        from name in spec.Objects("containers").Concat(spec.Objects("initContainers")).SelectMany(container => (container.Object("resources").Object("requests") ?? []).Select(pair => pair.Key)).Distinct().Order(StringComparer.Ordinal)
        where name is "cpu" or "memory" || ResourceRules.IsHugePage(name)
        let together = Together(spec, name)
        let own = FieldRules.Amount(resources.Object("requests")?[name]) ?? Quantity.Zero
        where together > own
        select FieldError.Invalid($"{path}.requests[{name}]", own.ToString(), $"must be greater than or equal to aggregate container requests of {together}");

    private static IEnumerable<FieldError> CheckLimits(JsonObject spec, JsonObject resources, string path) =>
        spec.Objects("containers").SelectMany((container, i) =>
            from limit in (container.Object("resources").Object("limits") ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            let own = FieldRules.Amount(limit.Value)
            let highest = FieldRules.Amount(resources.Object("limits")?[limit.Key])
            where own is not null && highest is not null && own.Value > highest.Value
            select FieldError.Invalid($"{FieldRules.Indexed($"{path}.containers", i)}[{limit.Key}].limits", own.Value.ToString(), $"must be less than or equal to pod limits of {highest}"));

    // Containers and sidecars run together; each other init container runs beside the sidecars started before it.
    private static Quantity Together(JsonObject spec, string name)
    {
        var (sidecars, peak) = (Quantity.Zero, Quantity.Zero);
        foreach (var container in spec.Objects("initContainers"))
        {
            var own = Request(container, name);
            if (container.String("restartPolicy") == "Always")
            {
                sidecars += own;
                own = Quantity.Zero;
            }

            peak = sidecars + own > peak ? sidecars + own : peak;
        }

        var running = spec.Objects("containers").Aggregate(sidecars, (sum, container) => sum + Request(container, name));
        return peak > running ? peak : running;
    }

    private static Quantity Request(JsonObject container, string name) => FieldRules.Amount(container.Object("resources").Object("requests")?[name]) ?? Quantity.Zero;
}
