using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class ServiceChecks
{
    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return CheckPorts(spec)
            .Concat(FieldRules.LabelMap(spec.Object("selector"), "spec.selector"))
            .Concat(FieldRules.OneOf(spec, "sessionAffinity", "spec", "ClientIP", "None"))
            .Concat(CheckAffinity(spec))
            .Concat(CheckType(spec))
            .Concat(CheckAddresses(spec))
            .Concat(CheckDuplicates(spec))
            .Concat(CheckTraffic(spec))
            .Concat(old is null ? [] : CheckUpdate(spec, old.Object("spec") ?? []));
    }

    private static IEnumerable<FieldError> CheckPorts(JsonObject spec)
    {
        var ports = spec.Objects("ports").ToList();
        if (ports.Count == 0 && spec.String("clusterIP") != "None" && spec.String("type") != "ExternalName")
        {
            yield return FieldError.Required("spec.ports");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < ports.Count; i++)
        {
            var path = FieldRules.Indexed("spec.ports", i);
            var name = ports[i].String("name") ?? "";
            if (name.Length == 0 && ports.Count > 1)
            {
                yield return FieldError.Required($"{path}.name");
            }
            else if (name.Length > 0)
            {
                if (Names.CheckLabel(name) is { } wrong)
                {
                    yield return FieldError.Invalid($"{path}.name", name, wrong);
                }

                if (!names.Add(name))
                {
                    yield return FieldError.Duplicate($"{path}.name", name);
                }
            }

            foreach (var error in CheckPort(ports[i], path))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckPort(JsonObject port, string path) =>
        FieldRules.Port(port.Integer("port") ?? 0, $"{path}.port")
            .Concat(FieldRules.RequiredOneOf(port, "protocol", path, "SCTP", "TCP", "UDP"))
            .Concat(FieldRules.PortOrName(port["targetPort"], $"{path}.targetPort"));

    private static IEnumerable<FieldError> CheckAffinity(JsonObject spec)
    {
        if (spec.String("sessionAffinity") == "ClientIP" && spec.Object("sessionAffinityConfig").Object("clientIP").Integer("timeoutSeconds") is { } seconds and (<= 0 or > 86400))
        {
            yield return FieldError.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, "must be greater than 0 and less than 86400");
        }
    }

    private static IEnumerable<FieldError> CheckType(JsonObject spec)
    {
        foreach (var error in FieldRules.RequiredOneOf(spec, "type", "spec", "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"))
        {
            yield return error;
        }

        switch (spec.String("type"))
        {
            case "ExternalName":
                if (!string.IsNullOrEmpty(spec.String("clusterIP")) && spec.String("clusterIP") != "None")
                {
                    yield return FieldError.Forbidden("spec.clusterIPs[0]", "may not be set for ExternalName services");
                }

                if (spec.String("externalName") is not { Length: > 0 } name)
                {
                    yield return FieldError.Required("spec.externalName");
                }
                else if (Names.CheckSubdomain(name.TrimEnd('.').ToLowerInvariant()) is { } wrong)
                {
                    yield return FieldError.Invalid("spec.externalName", name, wrong);
                }

                break;
            case "LoadBalancer" when spec.String("clusterIP") == "None":
                yield return FieldError.Invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services");
                break;
            case "NodePort" when spec.String("clusterIP") == "None":
                yield return FieldError.Invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services");
                break;
            case "ClusterIP":
                foreach (var (port, i) in spec.Objects("ports").Select((port, i) => (port, i)))
                {
                    if (port.Integer("nodePort") is > 0)
                    {
                        yield return FieldError.Forbidden($"{FieldRules.Indexed("spec.ports", i)}.nodePort", "may not be used when `type` is 'ClusterIP'");
                    }
                }

                break;
        }
    }

    private static IEnumerable<FieldError> CheckAddresses(JsonObject spec)
    {
        var addresses = spec.Array("clusterIPs") ?? [];
        for (var i = 0; i < addresses.Count; i++)
        {
            if (addresses[i].AsString() is { } text and not "None")
            {
                foreach (var error in FieldRules.Address(text, FieldRules.Indexed("spec.clusterIPs", i)))
                {
                    yield return error;
                }
            }
        }

        if (addresses.Count > 0 && spec.String("clusterIP") is { } first && addresses[0].AsString() != first)
        {
            yield return FieldError.Invalid("spec.clusterIPs", addresses.DeepClone(), "first value must match `clusterIP`");
        }

        foreach (var (address, i) in (spec.Array("externalIPs") ?? []).Select((address, i) => (address.AsString(), i)))
        {
            foreach (var error in FieldRules.Address(address, FieldRules.Indexed("spec.externalIPs", i)))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckDuplicates(JsonObject spec)
    {
        var (seen, nodePorts) = (new HashSet<(string?, long?)>(), new HashSet<(string?, long)>());
        foreach (var (port, i) in spec.Objects("ports").Select((port, i) => (port, i)))
        {
            var path = FieldRules.Indexed("spec.ports", i);
            if (port.Integer("nodePort") is > 0 and var node && !nodePorts.Add((port.String("protocol"), node)))
            {
                yield return FieldError.Duplicate($"{path}.nodePort", Key(port, node, named: false));
            }

            if (!seen.Add((port.String("protocol"), port.Integer("port"))))
            {
                yield return FieldError.Duplicate(path, Key(port, 0, named: true));
            }
        }
    }

    private static IEnumerable<FieldError> CheckTraffic(JsonObject spec)
    {
        var external = spec.String("externalTrafficPolicy");
        if (!string.IsNullOrEmpty(external))
        {
            if (!ServiceRules.HasNodePorts(spec) && spec.Array("externalIPs") is not { Count: > 0 })
            {
                yield return FieldError.Invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services");
            }
            else if (external is not ("Cluster" or "Local"))
            {
                yield return FieldError.NotSupported("spec.externalTrafficPolicy", external, ["Cluster", "Local"]);
            }
        }

        foreach (var error in FieldRules.OneOf(spec, "internalTrafficPolicy", "spec", "Cluster", "Local")
            .Concat((spec.Array("loadBalancerSourceRanges") ?? []).SelectMany((range, i) => FieldRules.Network(range.AsString(), FieldRules.Indexed("spec.loadBalancerSourceRanges", i)))))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject before)
    {
        if (ServiceRules.HasAddress(spec) && ServiceRules.HasAddress(before) && before.Array("clusterIPs") is { Count: > 0 } had
            && spec.Array("clusterIPs") is { Count: > 0 } now && !now[0].SameAs(had[0]))
        {
            yield return FieldError.Invalid("spec.clusterIPs[0]", now.DeepClone(), "may not change once set");
        }
    }

    // Duplicates are shown as the internal structure that collides.
    private static JsonObject Key(JsonObject port, long nodePort, bool named) => new()
    {
        ["Name"] = "",
        ["Protocol"] = port.String("protocol"),
        ["AppProtocol"] = null,
        ["Port"] = named ? port.Integer("port") : 0,
        ["TargetPort"] = 0,
        ["NodePort"] = nodePort,
    };
}
