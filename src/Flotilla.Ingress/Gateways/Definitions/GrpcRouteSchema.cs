using System.Text.Json.Nodes;
using static Flotilla.Ingress.Gateways.Definitions.Schema;

namespace Flotilla.Ingress.Gateways.Definitions;

/// <summary>The fields of a GRPCRoute.</summary>
internal static class GrpcRouteSchema
{
    private const string ServicePattern = @"^(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$";
    private const string MethodPattern = "^[A-Za-z_][A-Za-z_0-9]*$";

    public static JsonObject Spec() => Struct(
        [],
        ("parentRefs", List(RouteSchema.Parent(), most: 32)),
        ("hostnames", List(Text(253, pattern: HostPattern), most: 16)),
        ("rules", List(RuleFields(), most: 16)));

    private static JsonObject RuleFields() => Struct(
        [],
        ("name", Text()),
        ("matches", List(Struct([], ("method", Method()), ("headers", List(RouteSchema.Value(4096, HeaderPattern), most: 16, keys: "name"))), most: 64)),
        ("filters", RouteSchema.Filters(withMirror: false)),
        ("backendRefs", List(RouteSchema.Backend(), most: 16)));

    private static JsonObject Method() => Struct(
        [], ("type", OneOf("Exact", "RegularExpression").By("Exact")), ("service", Text(1024, least: 0)), ("method", Text(1024, least: 0)))
        .Rule("has(self.service) || has(self.method)", "One or both of 'service' or 'method' must be specified")
        .Rule($"self.type == 'Exact' && has(self.service) ? self.service.matches(r'{ServicePattern}') : true", $"service must only contain valid characters (matching {ServicePattern})")
        .Rule($"self.type == 'Exact' && has(self.method) ? self.method.matches(r'{MethodPattern}') : true", $"method must only contain valid characters (matching {MethodPattern})");
}
