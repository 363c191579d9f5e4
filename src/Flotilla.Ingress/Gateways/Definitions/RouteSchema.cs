using System.Text.Json.Nodes;
using static Flotilla.Ingress.Gateways.Definitions.Schema;

namespace Flotilla.Ingress.Gateways.Definitions;

/// <summary>The fields of an HTTPRoute, and those that other routes share with it.</summary>
internal static class RouteSchema
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

    public static JsonObject Spec() => Struct(
        [],
        ("parentRefs", List(Parent(), most: 32)),
        ("hostnames", List(Text(253, pattern: HostPattern), most: 16)),
        ("rules", List(RuleFields(), most: 16, least: 1).By(new JsonArray(new JsonObject { ["matches"] = AnyPath() }))));

    /// <summary>Of a TLSRoute: it chooses by the name alone.</summary>
    public static JsonObject TlsSpec() => Struct(
        ["hostnames", "rules"],
        ("parentRefs", List(Parent(), most: 32)),
        ("hostnames", List(Text(253, pattern: HostPattern), most: 16, least: 1)),
        ("rules", List(Struct(["backendRefs"], ("name", Text()), ("backendRefs", List(WeightedTarget(), most: 16, least: 1))), most: 1, least: 1)));

    public static JsonObject Status() => Struct(
        ["parents"],
        ("parents", List(Struct(["conditions", "controllerName", "parentRef"], ("parentRef", Parent()), ("controllerName", Text()), ("conditions", Conditions())), most: 32)));

    private static JsonArray AnyPath() => new(new JsonObject { ["path"] = new JsonObject { ["type"] = "PathPrefix", ["value"] = "/" } });

    internal static JsonObject Parent() => Struct(
        ["name"],
        ("group", Group(Api.GatewayApi.Group)), ("kind", Text(63).By("Gateway")), ("namespace", Text(63)), ("name", Text()), ("sectionName", Text()), ("port", Port()));

    private static JsonObject RuleFields() => Struct(
        [],
        ("name", Text()),
        ("matches", List(Match(), most: 64).By(AnyPath())),
        ("filters", Filters(withMirror: true)),
        ("backendRefs", List(Backend(), most: 16)),
        ("timeouts", Struct([], ("request", Text(64, pattern: DurationPattern)), ("backendRequest", Text(64, pattern: DurationPattern)))));

    private static JsonObject Match() => Struct(
        [],
        ("path", Struct([], ("type", OneOf("Exact", "PathPrefix", "RegularExpression").By("PathPrefix")), ("value", Text(1024, least: 0).By("/")))
            .Rule("self.type == 'RegularExpression' || self.value.startsWith('/')", "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']")
            .By(new JsonObject { ["type"] = "PathPrefix", ["value"] = "/" })),
        ("headers", List(Value(4096, HeaderPattern), most: 16, keys: "name")),
        ("queryParams", List(Value(1024, HeaderPattern), most: 16, keys: "name")),
        ("method", OneOf(Methods)));

    internal static JsonObject Value(int most, string names) => Struct(
        ["name", "value"], ("type", OneOf("Exact", "RegularExpression").By("Exact")), ("name", Text(256, pattern: names)), ("value", Text(most)));

    private static JsonObject WeightedTarget() => Struct(
        ["name"],
        ("group", Group("")), ("kind", Text(63).By("Service")), ("namespace", Text(63)), ("name", Text()), ("port", Port()), ("weight", Whole(0, 1_000_000).By(1)))
        .Rule("(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true", "Must have port for Service reference");

    internal static JsonObject Backend() => Struct(
        ["name"],
        ("group", Group("")), ("kind", Text(63).By("Service")), ("namespace", Text(63)), ("name", Text()), ("port", Port()), ("weight", Whole(0, 1_000_000).By(1)),
        ("filters", Filters(withMirror: false)))
        .Rule("(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true", "Must have port for Service reference");

    internal static JsonObject Filters(bool withMirror)
    {
        List<(string, JsonObject)> fields =
        [
            ("type", withMirror
                ? OneOf("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "RequestMirror")
                : OneOf("RequestHeaderModifier", "ResponseHeaderModifier")),
            ("requestHeaderModifier", Modifier()),
            ("responseHeaderModifier", Modifier()),
        ];
        if (withMirror)
        {
            fields.Add(("requestRedirect", Struct(
                [],
                ("scheme", OneOf("http", "https")), ("hostname", Text(pattern: ExactHostPattern)), ("path", PathFields()), ("port", Port()),
                ("statusCode", new JsonObject { ["type"] = "integer", ["enum"] = new JsonArray(301, 302, 303, 307, 308) }.By(302)))));
            fields.Add(("urlRewrite", Struct([], ("hostname", Text(pattern: ExactHostPattern)), ("path", PathFields()))));
            fields.Add(("requestMirror", Struct(["backendRef"], ("backendRef", Target()), ("percent", Whole(0, 100)))));
        }

        var filter = Struct(["type"], [.. fields]);
        foreach (var (type, field) in ((string, string)[])[("RequestHeaderModifier", "requestHeaderModifier"), ("ResponseHeaderModifier", "responseHeaderModifier")])
        {
            Matching(filter, type, field);
        }

        if (withMirror)
        {
            Matching(filter, "RequestRedirect", "requestRedirect");
            Matching(filter, "URLRewrite", "urlRewrite");
            Matching(filter, "RequestMirror", "requestMirror");
        }

        return List(filter, most: 16);
    }

    private static void Matching(JsonObject filter, string type, string field) =>
        filter.Rule($"has(self.{field}) == (self.type == '{type}')", $"filter.{field} must be given for type {type}, and for no other");

    private static JsonObject Target() => Struct(
        ["name"], ("group", Group("")), ("kind", Text(63).By("Service")), ("namespace", Text(63)), ("name", Text()), ("port", Port()));

    private static JsonObject Modifier() => Struct(
        [],
        ("set", List(Header(), most: 16, keys: "name")), ("add", List(Header(), most: 16, keys: "name")), ("remove", List(Text(), most: 16)));

    private static JsonObject Header() => Struct(["name", "value"], ("name", Text(256, pattern: HeaderPattern)), ("value", Text(4096)));

    private static JsonObject PathFields() => Struct(
        ["type"], ("type", OneOf("ReplaceFullPath", "ReplacePrefixMatch")), ("replaceFullPath", Text(1024, least: 0)), ("replacePrefixMatch", Text(1024, least: 0)))
        .Rule("has(self.replaceFullPath) == (self.type == 'ReplaceFullPath')", "replaceFullPath must be given for type ReplaceFullPath, and for no other")
        .Rule("has(self.replacePrefixMatch) == (self.type == 'ReplacePrefixMatch')", "replacePrefixMatch must be given for type ReplacePrefixMatch, and for no other");
}
