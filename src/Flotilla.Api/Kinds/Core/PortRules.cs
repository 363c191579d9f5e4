using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The ports of a container.</summary>
internal static class PortRules
{
    public static IEnumerable<FieldError> Check(JsonObject container, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(container, "ports", path, (port, at) => CheckName(port, at, names).Concat(CheckNumbers(port, at)));
    }

    /// <summary>No two ports may take the same port of the host.</summary>
    public static IEnumerable<FieldError> HostPorts(JsonObject container, string path, HashSet<string> taken) => FieldRules.Each(container, "ports", path, (port, at) =>
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{port.String("protocol")}/{port.String("hostIP")}/{port.Integer("hostPort")}");
        return port.Integer("hostPort") is null or 0 || taken.Add(key) ? [] : [FieldError.Duplicate($"{at}.hostPort", key)];
    });

    /// <summary>In the network of the host, a port is what it is. Templates may leave it to the pod's defaults.</summary>
    public static IEnumerable<FieldError> OnHostNetwork(JsonObject spec, string path, bool isPod) => spec.Boolean("hostNetwork") != true ? [] :
        FieldRules.Each(spec, "containers", path, (container, at) => FieldRules.Each(container, "ports", at, (port, place) =>
        {
            var (host, own) = (port.Integer("hostPort") ?? 0, port.Integer("containerPort") ?? 0);
            return (isPod || host != 0) && host != own ? [FieldError.Invalid($"{place}.hostPort", host, "must match `containerPort` when `hostNetwork` is true")] : [];
        }));

    private static IEnumerable<FieldError> CheckName(JsonObject port, string path, HashSet<string> names)
    {
        if (port.String("name") is not { Length: > 0 } name)
        {
            return [];
        }

        var wrong = Names.CheckPortName(name).Select(message => FieldError.Invalid($"{path}.name", name, message)).ToList();
        return wrong.Count > 0 ? wrong : names.Add(name) ? [] : [FieldError.Duplicate($"{path}.name", name)];
    }

    private static IEnumerable<FieldError> CheckNumbers(JsonObject port, string path)
    {
        var number = port.Integer("containerPort") ?? 0;
        return (number == 0 ? [FieldError.Required($"{path}.containerPort")] : FieldRules.Port(number, $"{path}.containerPort"))
            .Concat(port.Integer("hostPort") is { } host and not 0 ? FieldRules.Port(host, $"{path}.hostPort") : [])
            .Concat(FieldRules.RequiredOneOf(port, "protocol", path, "SCTP", "TCP", "UDP"));
    }
}
