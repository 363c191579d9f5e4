using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The ports of a service, one by one and together.</summary>
internal static class ServicePortRules
{
    public static IEnumerable<FieldError> Check(JsonObject spec)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var isNamed = spec.Array("ports")?.Count > 1;
        return FieldRules.Each(spec, "ports", "spec", (port, at) => CheckName(port, at, isNamed, names).Concat(CheckPort(port, at)));
    }

    /// <summary>No node port without a type that has them; no pair of protocol and number twice.</summary>
    public static IEnumerable<FieldError> CheckTogether(JsonObject spec)
    {
        var (seen, nodePorts) = (new HashSet<(string?, long?)>(), new HashSet<(string?, long)>());
        var errors = spec.String("type") != "ClusterIP" ? [] : FieldRules.Each(spec, "ports", "spec", (port, at) =>
            port.Integer("nodePort") is null or 0 ? [] : [FieldError.Forbidden($"{at}.nodePort", "may not be used when `type` is 'ClusterIP'")]);
        return errors
            .Concat(FieldRules.Each(spec, "ports", "spec", (port, at) => port.Integer("nodePort") is null or 0 || nodePorts.Add((port.String("protocol"), port.Integer("nodePort")!.Value))
                ? [] : [FieldError.Duplicate($"{at}.nodePort", port.Integer("nodePort"))]))
            .Concat(FieldRules.Each(spec, "ports", "spec", (port, at) => seen.Add((port.String("protocol"), port.Integer("port"))) ? [] : [FieldError.Duplicate(at, Key(port))]));
    }

    private static IEnumerable<FieldError> CheckName(JsonObject port, string path, bool isNamed, HashSet<string> names) => port.String("name") is not { Length: > 0 } name
        ? isNamed ? [FieldError.Required($"{path}.name")] : []
        : FieldRules.Text(name, $"{path}.name", Names.CheckLabel).Concat(names.Add(name) ? [] : [FieldError.Duplicate($"{path}.name", name)]);

    private static IEnumerable<FieldError> CheckPort(JsonObject port, string path) =>
        FieldRules.Port(port.Integer("port") ?? 0, $"{path}.port")
            .Concat(FieldRules.RequiredOneOf(port, "protocol", path, "SCTP", "TCP", "UDP"))
            .Concat(FieldRules.PortOrName(port["targetPort"], $"{path}.targetPort"))
            .Concat(port.String("appProtocol") is { } protocol ? FieldRules.Text(protocol, $"{path}.appProtocol", Names.CheckLabelKey) : []);

    // Duplicates are shown as the internal structure that collides.
    private static JsonObject Key(JsonObject port) => new()
    {
        ["Name"] = "",
        ["Protocol"] = port.String("protocol"),
        ["AppProtocol"] = null,
        ["Port"] = port.Integer("port"),
        ["TargetPort"] = 0,
        ["NodePort"] = 0,
    };
}
