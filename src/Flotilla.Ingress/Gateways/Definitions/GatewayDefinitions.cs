using System.Text.Json.Nodes;
using Flotilla.Ingress.Gateways.Api;
using static Flotilla.Ingress.Gateways.Definitions.Schema;

namespace Flotilla.Ingress.Gateways.Definitions;

/// <summary>
/// The definitions of the Gateway API that a cluster gets which has none: the fields that are served here, from its
/// documentation. Whoever installs the project's own definitions replaces them.
/// </summary>
internal static class GatewayDefinitions
{
    public static IReadOnlyList<JsonObject> All() =>
    [
        Definition("GatewayClass", "gatewayclasses", ["gc"], isNamespaced: false, ["v1"], ClassSpec(), Struct([], ("conditions", Conditions())),
            Column("Controller", "string", ".spec.controllerName"), Column("Accepted", "string", ".status.conditions[?(@.type==\"Accepted\")].status"), Age()),
        Definition("Gateway", "gateways", ["gtw"], isNamespaced: true, ["v1"], GatewaySpecFields(), GatewayStatusFields(),
            Column("Class", "string", ".spec.gatewayClassName"), Column("Address", "string", ".status.addresses[*].value"),
            Column("Programmed", "string", ".status.conditions[?(@.type==\"Programmed\")].status"), Age()),
        Definition("HTTPRoute", "httproutes", [], isNamespaced: true, ["v1"], RouteSchema.Spec(), RouteSchema.Status(), Column("Hostnames", "string", ".spec.hostnames"), Age()),
        Definition("GRPCRoute", "grpcroutes", [], isNamespaced: true, ["v1"], GrpcRouteSchema.Spec(), RouteSchema.Status(), Column("Hostnames", "string", ".spec.hostnames"), Age()),
        Definition("TLSRoute", "tlsroutes", [], isNamespaced: true, ["v1"], RouteSchema.TlsSpec(), RouteSchema.Status(), Column("Hostnames", "string", ".spec.hostnames"), Age()),
        Definition("ReferenceGrant", "referencegrants", ["refgrant"], isNamespaced: true, ["v1beta1"], GrantSpec(), null, Age()),
    ];

    /// <summary>The class that our Gateways name.</summary>
    public static JsonObject Class() => new()
    {
        ["apiVersion"] = $"{GatewayApi.Group}/{GatewayApi.Version}",
        ["kind"] = "GatewayClass",
        ["metadata"] = new JsonObject { ["name"] = GatewayApi.ClassName },
        ["spec"] = new JsonObject { ["controllerName"] = IngressOptions.Controller },
    };

    private static JsonObject ClassSpec() => Struct(
        ["controllerName"],
        ("controllerName", Text(pattern: @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$").Rule("self == oldSelf", "Value is immutable")),
        ("description", Text(64, least: 0)),
        ("parametersRef", Struct(["group", "kind", "name"], ("group", Text(least: 0)), ("kind", Text(63)), ("name", Text()), ("namespace", Text(63)))));

    private static JsonObject GatewaySpecFields() => Struct(
        ["gatewayClassName", "listeners"],
        ("gatewayClassName", Text()),
        ("addresses", List(Struct(["value"], ("type", Text().By("IPAddress")), ("value", Text())), most: 16)),
        ("listeners", List(Listener(), most: 64, least: 1, "name")
            .Rule("self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)", "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']")
            .Rule("self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname) && has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))", "Combination of port, protocol and hostname must be unique for each listener")));

    private static JsonObject Listener() => Struct(
        ["name", "port", "protocol"],
        ("name", Text(pattern: @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")),
        ("hostname", Text(pattern: HostPattern)),
        ("port", Port()),
        ("protocol", Text(255)),
        ("tls", Struct(
            [],
            ("mode", OneOf("Terminate", "Passthrough").By("Terminate")),
            ("certificateRefs", List(Struct(["name"], ("group", Group("")), ("kind", Text(63).By("Secret")), ("namespace", Text(63)), ("name", Text())), most: 64)),
            ("options", Labels()))),
        ("allowedRoutes", Struct(
            [],
            ("namespaces", Struct([], ("from", OneOf("All", "Selector", "Same", "None").By("Same")), ("selector", Selector())).By(new JsonObject { ["from"] = "Same" })),
            ("kinds", List(Struct(["kind"], ("group", Group(GatewayApi.Group)), ("kind", Text(63))), most: 8)))
            .By(new JsonObject { ["namespaces"] = new JsonObject { ["from"] = "Same" } })));

    private static JsonObject Selector() => Struct(
        [],
        ("matchLabels", Labels()),
        ("matchExpressions", List(Struct(
            ["key", "operator"], ("key", Text(317)), ("operator", OneOf("In", "NotIn", "Exists", "DoesNotExist")), ("values", List(Text(63, least: 0), most: 64))), most: 64)));

    private static JsonObject GatewayStatusFields() => Struct(
        [],
        ("addresses", List(Struct(["value"], ("type", Text().By("IPAddress")), ("value", Text())), most: 64)),
        ("conditions", Conditions()),
        ("listeners", List(
            Struct(
                ["attachedRoutes", "conditions", "name"],
                ("name", Text()), ("attachedRoutes", Whole(0, int.MaxValue)), ("supportedKinds", List(Struct(["kind"], ("group", Group(GatewayApi.Group)), ("kind", Text(63))), most: 8)), ("conditions", Conditions())),
            most: 64, keys: "name")));

    private static JsonObject GrantSpec() => Struct(
        ["from", "to"],
        ("from", List(Struct(["group", "kind", "namespace"], ("group", Text(least: 0)), ("kind", Text(63)), ("namespace", Text(63))), most: 16, least: 1)),
        ("to", List(Struct(["group", "kind"], ("group", Text(least: 0)), ("kind", Text(63)), ("name", Text())), most: 16, least: 1)));

    private static JsonObject Column(string name, string type, string path) => new() { ["name"] = name, ["type"] = type, ["jsonPath"] = path };

    private static JsonObject Age() => Column("Age", "date", ".metadata.creationTimestamp");

    private static JsonObject Definition(
        string kind, string plural, string[] shortNames, bool isNamespaced, string[] versions, JsonObject spec, JsonObject? status, params JsonObject[] columns)
    {
        var schema = Struct(["spec"], ("apiVersion", new JsonObject { ["type"] = "string" }), ("kind", new JsonObject { ["type"] = "string" }), ("metadata", new JsonObject { ["type"] = "object" }), ("spec", spec));
        if (status is not null)
        {
            schema["properties"]!["status"] = status;
        }

        var served = versions.Select(version => (JsonNode)VersionOf(version, isStored: version == versions[0], schema, status is not null, columns));
        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{plural}.{GatewayApi.Group}",
                ["annotations"] = new JsonObject { ["api-approved.kubernetes.io"] = "https://github.com/kubernetes-sigs/gateway-api/pull/3328", ["gateway.networking.k8s.io/channel"] = "standard" },
            },
            ["spec"] = new JsonObject
            {
                ["group"] = GatewayApi.Group,
                ["scope"] = isNamespaced ? "Namespaced" : "Cluster",
                ["names"] = new JsonObject
                {
                    ["kind"] = kind,
                    ["listKind"] = kind + "List",
                    ["plural"] = plural,
                    ["singular"] = kind.ToLowerInvariant(),
                    ["shortNames"] = new JsonArray([.. shortNames.Select(name => (JsonNode)name)]),
                    ["categories"] = new JsonArray("gateway-api"),
                },
                ["versions"] = new JsonArray([.. served]),
            },
        };
    }

    private static JsonObject VersionOf(string version, bool isStored, JsonObject schema, bool hasStatus, JsonObject[] columns)
    {
        var value = new JsonObject
        {
            ["name"] = version,
            ["served"] = true,
            ["storage"] = isStored,
            ["schema"] = new JsonObject { ["openAPIV3Schema"] = schema.DeepClone() },
            ["additionalPrinterColumns"] = new JsonArray([.. columns.Select(column => column.DeepClone())]),
        };
        if (hasStatus)
        {
            value["subresources"] = new JsonObject { ["status"] = new JsonObject() };
        }

        return value;
    }
}
