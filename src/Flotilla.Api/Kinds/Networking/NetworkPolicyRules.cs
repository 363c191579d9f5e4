using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Networking;

internal static class NetworkPolicyRules
{
    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        foreach (var port in spec.Objects("ingress").Concat(spec.Objects("egress")).SelectMany(rule => rule.Objects("ports")))
        {
            port.DefaultText("protocol", "TCP");
        }

        if (spec.Array("policyTypes") is not { Count: > 0 })
        {
            spec["policyTypes"] = spec.Array("egress") is { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        foreach (var error in FieldRules.Selector(spec.Object("podSelector"), "spec.podSelector")
            .Concat(CheckRules(spec, "ingress", "from")).Concat(CheckRules(spec, "egress", "to")))
        {
            yield return error;
        }

        foreach (var (type, i) in (spec.Array("policyTypes") ?? []).Select((type, i) => (type.AsString() ?? "", i)))
        {
            if (type is not ("Ingress" or "Egress"))
            {
                yield return FieldError.NotSupported(FieldRules.Indexed("spec.policyTypes", i), type, ["Egress", "Ingress"]);
            }
        }
    }

    private static IEnumerable<FieldError> CheckRules(JsonObject spec, string direction, string peers) => spec.Objects(direction).SelectMany((rule, i) =>
    {
        var at = FieldRules.Indexed($"spec.{direction}", i);
        return rule.Objects("ports").SelectMany((port, j) => CheckPort(port, FieldRules.Indexed($"{at}.ports", j)))
            .Concat(rule.Objects(peers).SelectMany((peer, j) => CheckPeer(peer, FieldRules.Indexed($"{at}.{peers}", j))));
    });

    private static IEnumerable<FieldError> CheckPort(JsonObject port, string path)
    {
        foreach (var error in FieldRules.OneOf(port, "protocol", path, "SCTP", "TCP", "UDP").Concat(port["port"] is { } number ? FieldRules.PortOrName(number, $"{path}.port") : []))
        {
            yield return error;
        }

        if (port.Integer("endPort") is not { } end)
        {
            yield break;
        }

        if (port.Integer("port") is not { } start)
        {
            yield return port["port"] is null
                ? FieldError.Required($"{path}.port", "must be specified when `endPort` is specified")
                : FieldError.Invalid($"{path}.endPort", end, "may not be specified when `port` is non-numeric");
        }
        else if (end < start)
        {
            yield return FieldError.Invalid($"{path}.endPort", end, "must be greater than or equal to `port`");
        }

        foreach (var error in FieldRules.Port(end, $"{path}.endPort"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckPeer(JsonObject peer, string path)
    {
        var (pods, namespaces, block) = (peer.Object("podSelector"), peer.Object("namespaceSelector"), peer.Object("ipBlock"));
        foreach (var error in FieldRules.Selector(pods, $"{path}.podSelector").Concat(FieldRules.Selector(namespaces, $"{path}.namespaceSelector")))
        {
            yield return error;
        }

        if (block is not null)
        {
            foreach (var error in FieldRules.Network(block.String("cidr"), $"{path}.ipBlock.cidr")
                .Concat((block.Array("except") ?? []).SelectMany((except, i) => FieldRules.Network(except.AsString(), FieldRules.Indexed($"{path}.ipBlock.except", i)))))
            {
                yield return error;
            }
        }

        if (pods is null && namespaces is null && block is null)
        {
            yield return FieldError.Required(path, "must specify a peer");
        }
        else if (block is not null && (pods is not null || namespaces is not null))
        {
            yield return FieldError.Forbidden(path, "may not specify both ipBlock and another peer");
        }
    }
}
