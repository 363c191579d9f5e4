using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Networking;

/// <summary>Where a load balancer can be reached: addresses or names, in the status of Services and Ingresses.</summary>
internal static class BalancerStatusRules
{
    public static readonly IReadOnlyDictionary<string, PartialUpdate> Service = Part(CheckService);

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Ingress = Part(item => Points(item, (point, at) => Address(point, at).Concat(HostName(point, at))));

    private static Dictionary<string, PartialUpdate> Part(Func<JsonObject, IEnumerable<FieldError>> check) => new() { [Subresource.StatusName] = new((item, _) => check(item)) };

    private static IEnumerable<FieldError> CheckService(JsonObject item) =>
        item.Object("spec").String("type") != "LoadBalancer" && item.Object("status").Object("loadBalancer").Array("ingress") is { Count: > 0 }
            ? [FieldError.Forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is \"LoadBalancer\"")]
            : Points(item, (point, at) => Address(point, at).Concat(Mode(point, at)).Concat(HostName(point, at)));

    private static IEnumerable<FieldError> Points(JsonObject item, Func<JsonObject, string, IEnumerable<FieldError>> check) =>
        FieldRules.Each(item.Object("status").Object("loadBalancer"), "ingress", "status.loadBalancer", check);

    private static IEnumerable<FieldError> Address(JsonObject point, string path) => point.String("ip") is { Length: > 0 } ip ? FieldRules.Address(ip, $"{path}.ip") : [];

    private static IEnumerable<FieldError> Mode(JsonObject point, string path) => (point.String("ip") is { Length: > 0 }, point.String("ipMode")) switch
    {
        (true, null) => [FieldError.Required($"{path}.ipMode", "must be specified when `ip` is set")],
        (false, not null) => [FieldError.Forbidden($"{path}.ipMode", "may not be specified when `ip` is not set")],
        (_, not (null or "VIP" or "Proxy")) => [FieldError.NotSupported($"{path}.ipMode", point.String("ipMode"), ["Proxy", "VIP"])],
        _ => [],
    };

    private static IEnumerable<FieldError> HostName(JsonObject point, string path) => point.String("hostname") is not { Length: > 0 } name ? []
        : FieldRules.Text(name, $"{path}.hostname", Names.CheckSubdomain)
            .Concat(FieldRules.IsAddress(name) ? [FieldError.Invalid($"{path}.hostname", name, "must be a DNS name, not an IP address")] : []);
}
