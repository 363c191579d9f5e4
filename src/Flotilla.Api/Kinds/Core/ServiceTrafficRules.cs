using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Where the traffic of a service may go.</summary>
internal static class ServiceTrafficRules
{
    public static IEnumerable<FieldError> Check(JsonObject spec) => CheckExternal(spec).Concat(CheckHealthPort(spec)).Concat(CheckInternal(spec))
        .Concat(FieldRules.OneOf(spec, "trafficDistribution", "spec", "PreferClose", "PreferSameNode", "PreferSameZone"));

    public static bool NeedsHealthCheck(JsonObject spec) => spec.String("type") == "LoadBalancer" && spec.String("externalTrafficPolicy") == "Local";

    private static IEnumerable<FieldError> CheckExternal(JsonObject spec)
    {
        var isReachable = ServiceRules.HasNodePorts(spec) || (spec.String("type") == "ClusterIP" && spec.Array("externalIPs") is { Count: > 0 });
        return isReachable ? FieldRules.RequiredOneOf(spec, "externalTrafficPolicy", "spec", "Cluster", "Local")
            : spec.String("externalTrafficPolicy") is { Length: > 0 } policy ? [FieldError.Invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")]
            : [];
    }

    // The port of the health check is allocated later, when none is given.
    private static IEnumerable<FieldError> CheckHealthPort(JsonObject spec)
    {
        if (spec.Integer("healthCheckNodePort") is not { } port || port == 0)
        {
            return [];
        }

        return NeedsHealthCheck(spec) ? FieldRules.Port(port, "spec.healthCheckNodePort")
            : [FieldError.Invalid("spec.healthCheckNodePort", port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")];
    }

    private static IEnumerable<FieldError> CheckInternal(JsonObject spec) => ServiceRules.HasAddress(spec)
        ? FieldRules.RequiredOneOf(spec, "internalTrafficPolicy", "spec", "Cluster", "Local") : FieldRules.OneOf(spec, "internalTrafficPolicy", "spec", "Cluster", "Local");
}
