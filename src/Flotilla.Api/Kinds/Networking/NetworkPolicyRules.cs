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

        var types = spec.Array("policyTypes");
        foreach (var error in types?.Count > 2 ? [FieldError.Invalid("spec.policyTypes", types.DeepClone(), "may not specify more than two policyTypes")]
            : FieldRules.EachText(spec, "policyTypes", "spec", (type, at) => type is "Ingress" or "Egress" ? [] : [FieldError.NotSupported(at, type, ["Ingress", "Egress"])]))
        {
            yield return error;
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
        var errors = FieldRules.OneOf(port, "protocol", path, "TCP", "UDP", "SCTP");
        if (port.Integer("endPort") is not { } end)
        {
            return errors.Concat(port["port"] is { } only ? FieldRules.PortOrName(only, $"{path}.port") : []);
        }

        return errors.Concat(port["port"] switch
        {
            null => [FieldError.Invalid($"{path}.endPort", end, "may not be specified when `port` is not specified")],
            var named when named.AsInteger() is null => FieldRules.PortOrName(named, $"{path}.port").Prepend(FieldError.Invalid($"{path}.endPort", end, "may not be specified when `port` is non-numeric")),
            var start => FieldRules.PortOrName(start, $"{path}.port")
                .Concat(end < start.AsInteger() ? [FieldError.Invalid($"{path}.endPort", end, "must be greater than or equal to `port`")] : []).Concat(FieldRules.Port(end, $"{path}.endPort")),
        });
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
            foreach (var error in CheckBlock(block, $"{path}.ipBlock"))
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

    private static IEnumerable<FieldError> CheckBlock(JsonObject block, string path)
    {
        if (block.String("cidr") is not { Length: > 0 } cidr)
        {
            return [FieldError.Required($"{path}.cidr")];
        }

        var wrong = FieldRules.Network(cidr, $"{path}.cidr").ToList();
        return wrong.Count > 0 ? wrong : FieldRules.EachText(block, "except", path, (except, at) =>
        {
            var errors = FieldRules.Network(except, at).ToList();
            return errors.Count > 0 || AddressRules.IsStrictlyWithin(except, cidr) ? errors : [FieldError.Invalid(at, except, "must be a strict subset of `cidr`")];
        });
    }
}
