using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class ServiceChecks
{
    private const string BalancersOnly = "may only be used when `type` is 'LoadBalancer'";
    private const string TopologyHints = "service.kubernetes.io/topology-aware-hints";
    private const string TopologyMode = "service.kubernetes.io/topology-mode";
    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return (old is null ? [] : ServiceAddressRules.CheckUpdate(spec, old.Object("spec") ?? []))
            .Concat(CheckTopology(item.Object("metadata").Object("annotations")))
            .Concat(NeedsPorts(spec) ? [FieldError.Required("spec.ports")] : [])
            .Concat(CheckType(spec))
            .Concat(ServicePortRules.Check(spec))
            .Concat(FieldRules.LabelMap(spec.Object("selector"), "spec.selector"))
            .Concat(FieldRules.RequiredOneOf(spec, "sessionAffinity", "spec", "ClientIP", "None"))
            .Concat(CheckAffinity(spec))
            .Concat(ServiceAddressRules.Check(spec))
            .Concat(FieldRules.EachText(spec, "externalIPs", "spec", (address, at) => FieldRules.IsAddress(address) ? AddressRules.NotSpecial(address, at) : FieldRules.Address(address, at)))
            .Concat(FieldRules.RequiredOneOf(spec, "type", "spec", Types))
            .Concat(ServicePortRules.CheckTogether(spec))
            .Concat(CheckBalancer(spec))
            .Concat(ServiceTrafficRules.Check(spec));
    }

    public static bool IsHeadless(JsonObject spec) => spec.Array("clusterIPs") is [var only] && only.AsString() == "None";

    private static bool NeedsPorts(JsonObject spec) => spec.Array("ports") is not { Count: > 0 } && !IsHeadless(spec) && spec.String("type") != "ExternalName";

    private static IEnumerable<FieldError> CheckTopology(JsonObject? annotations)
    {
        if (annotations.String(TopologyHints) is { } hints && annotations.String(TopologyMode) is { } mode && hints != mode)
        {
            yield return FieldError.Invalid($"metadata.annotations[{TopologyMode}]", mode, $"must match annotations[{TopologyHints}] when both are specified");
        }
    }

    private static IEnumerable<FieldError> CheckType(JsonObject spec)
    {
        var type = spec.String("type");
        return type switch
        {
            "LoadBalancer" or "NodePort" when IsHeadless(spec) => [FieldError.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services")],
            "ExternalName" => FieldRules.Absent(spec, "spec", "may not be set for ExternalName services", "clusterIPs", "ipFamilies", "ipFamilyPolicy").Concat(CheckName(spec)),
            _ => [],
        };
    }

    // A trailing dot says that the name is complete.
    private static IEnumerable<FieldError> CheckName(JsonObject spec)
    {
        var name = spec.String("externalName") ?? "";
        name = name.EndsWith('.') ? name[..^1] : name;
        return name.Length == 0 ? [FieldError.Required("spec.externalName")] : FieldRules.Text(name, "spec.externalName", Names.CheckSubdomain);
    }

    private static IEnumerable<FieldError> CheckAffinity(JsonObject spec)
    {
        var config = spec.Object("sessionAffinityConfig");
        const string Seconds = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        return (spec.String("sessionAffinity"), config.Object("clientIP").Integer("timeoutSeconds")) switch
        {
            ("ClientIP", null) => [FieldError.Required(Seconds, "when session affinity type is ClientIP")],
            ("ClientIP", <= 0 or > 86400) and var (_, seconds) => [FieldError.Invalid(Seconds, seconds, "must be greater than 0 and less than 86400")],
            ("None", _) when config is not null => [FieldError.Forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None")],
            _ => [],
        };
    }

    private static IEnumerable<FieldError> CheckBalancer(JsonObject spec)
    {
        var isBalancer = spec.String("type") == "LoadBalancer";
        var errors = spec.Array("loadBalancerSourceRanges") is { Count: > 0 } && !isBalancer
            ? [FieldError.Forbidden("spec.LoadBalancerSourceRanges", BalancersOnly)] : Enumerable.Empty<FieldError>();
        errors = errors.Concat((spec.Array("loadBalancerSourceRanges") ?? []).SelectMany((range, i) => FieldRules.Network(range.AsString()?.Trim(), FieldRules.Indexed("spec.LoadBalancerSourceRanges", i))));
        return isBalancer
            ? errors.Concat(FieldRules.Named(spec, "loadBalancerClass", "spec", Names.CheckLabelKey))
            : errors.Concat(FieldRules.Absent(spec, "spec", BalancersOnly, "allocateLoadBalancerNodePorts", "loadBalancerClass"));
    }
}
