using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The rules for pod specs, of pods and of templates; errors come in the order clients know.</summary>
internal static class PodSpecRules
{
    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    /// <param name="metadata">The pod's own metadata; null for templates, which have none to speak of.</param>
    public static IEnumerable<FieldError> Check(JsonObject spec, string path, JsonObject? metadata)
    {
        var volumes = new HashSet<string>(StringComparer.Ordinal);
        var grace = spec.Integer("terminationGracePeriodSeconds") ?? 30;
        return VolumeSourceRules.Check(spec, $"{path}.volumes", volumes)
            .Concat(ContainerRules.CheckAll(spec, path, volumes, grace))
            .Concat(FieldRules.RequiredOneOf(spec, "restartPolicy", path, "Always", "OnFailure", "Never"))
            .Concat(FieldRules.RequiredOneOf(spec, "dnsPolicy", path, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"))
            .Concat(FieldRules.LabelMap(spec.Object("nodeSelector"), $"{path}.nodeSelector"))
            .Concat(SecurityRules.CheckPod(spec.Object("securityContext"), $"{path}.securityContext"))
            .Concat((spec.Array("imagePullSecrets") ?? []).SelectMany((secret, i) => FieldRules.Required(secret, "name", FieldRules.Indexed($"{path}.imagePullSecrets", i))))
            .Concat(AffinityRules.Check(spec.Object("affinity"), $"{path}.affinity"))
            .Concat(CheckDns(spec, path))
            .Concat(CheckReferences(spec, path))
            .Concat(CheckTolerations(spec, $"{path}.tolerations"))
            .Concat(CheckHostAliases(spec, $"{path}.hostAliases"))
            .Concat(CheckSpread(spec, $"{path}.topologySpreadConstraints"))
            .Concat(CheckGates(spec, path));
    }

    public static IEnumerable<FieldError> CheckTolerations(JsonObject spec, string path)
    {
        foreach (var (toleration, i) in spec.Objects("tolerations").Select((toleration, i) => (toleration, i)))
        {
            var at = FieldRules.Indexed(path, i);
            var (key, operation, value, effect) = (toleration.String("key") ?? "", toleration.String("operator") ?? "", toleration.String("value") ?? "", toleration.String("effect") ?? "");
            if (key.Length > 0 && Names.CheckLabelKey(key) is { } wrong)
            {
                yield return FieldError.Invalid($"{at}.key", key, wrong);
            }

            if (key.Length == 0 && operation != "Exists")
            {
                yield return FieldError.Invalid($"{at}.operator", operation, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            }

            if (toleration["tolerationSeconds"] is not null && effect != "NoExecute")
            {
                yield return FieldError.Invalid($"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            }

            switch (operation)
            {
                case "Equal" or "" when Names.CheckLabelValue(value) is { } wrongValue:
                    yield return FieldError.Invalid($"{at}.operator", value, wrongValue);
                    break;
                case "Exists" when value.Length > 0:
                    yield return FieldError.Invalid($"{at}.operator", value, "value must be empty when `operator` is 'Exists'");
                    break;
                case "Equal" or "" or "Exists":
                    break;
                default:
                    yield return FieldError.NotSupported($"{at}.operator", operation, ["Equal", "Exists"]);
                    break;
            }

            if (effect.Length > 0 && !Effects.Contains(effect))
            {
                yield return FieldError.NotSupported($"{at}.effect", effect, Effects);
            }
        }
    }

    private static IEnumerable<FieldError> CheckReferences(JsonObject spec, string path)
    {
        foreach (var (field, check) in new (string, Func<string, string?>)[] { ("serviceAccountName", Names.CheckSubdomain), ("nodeName", Names.CheckSubdomain) })
        {
            if (spec.String(field) is { Length: > 0 } name && check(name) is { } wrong)
            {
                yield return FieldError.Invalid($"{path}.{field}", name, wrong);
            }
        }

        if (spec.Integer("activeDeadlineSeconds") is { } deadline and (< 1 or > int.MaxValue))
        {
            yield return FieldError.Invalid($"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
        }

        foreach (var (field, check) in new (string, Func<string, string?>)[] { ("hostname", Names.CheckLabel), ("subdomain", Names.CheckLabel), ("priorityClassName", Names.CheckSubdomain), ("runtimeClassName", Names.CheckSubdomain) })
        {
            if (spec.String(field) is { Length: > 0 } name && check(name) is { } wrong)
            {
                yield return FieldError.Invalid($"{path}.{field}", name, wrong);
            }
        }

        foreach (var error in FieldRules.OneOf(spec, "preemptionPolicy", path, "Never", "PreemptLowerPriority"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckDns(JsonObject spec, string path)
    {
        var servers = spec.Object("dnsConfig").Array("nameservers");
        if (spec.String("dnsPolicy") == "None" && servers is not { Count: > 0 })
        {
            yield return FieldError.Required($"{path}.dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }

        if (servers?.Count > 3)
        {
            yield return FieldError.Invalid($"{path}.dnsConfig.nameservers", servers.DeepClone(), "must not have more than 3 nameservers");
        }

        foreach (var (server, i) in (servers ?? []).Select((server, i) => (server.AsString(), i)))
        {
            foreach (var error in FieldRules.Address(server, FieldRules.Indexed($"{path}.dnsConfig.nameservers", i)))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckHostAliases(JsonObject spec, string path)
    {
        foreach (var (alias, i) in spec.Objects("hostAliases").Select((alias, i) => (alias, i)))
        {
            var at = FieldRules.Indexed(path, i);
            foreach (var error in FieldRules.Address(alias.String("ip"), $"{at}.ip"))
            {
                yield return error;
            }

            foreach (var host in (alias.Array("hostnames") ?? []).Select(host => host.AsString() ?? ""))
            {
                if (Names.CheckSubdomain(host) is { } wrong)
                {
                    yield return FieldError.Invalid($"{at}.hostnames", host, wrong);
                }
            }
        }
    }

    private static IEnumerable<FieldError> CheckSpread(JsonObject spec, string path)
    {
        var seen = new HashSet<(string?, string?)>();
        foreach (var (constraint, i) in spec.Objects("topologySpreadConstraints").Select((constraint, i) => (constraint, i)))
        {
            var at = FieldRules.Indexed(path, i);
            foreach (var error in FieldRules.Positive(constraint, "maxSkew", at).Concat(FieldRules.Required(constraint, "topologyKey", at, "can not be empty"))
                .Concat(FieldRules.RequiredOneOf(constraint, "whenUnsatisfiable", at, "DoNotSchedule", "ScheduleAnyway")))
            {
                yield return error;
            }

            if (!seen.Add((constraint.String("topologyKey"), constraint.String("whenUnsatisfiable"))))
            {
                yield return FieldError.Duplicate($"{at}.{{topologyKey, whenUnsatisfiable}}", $"{{{constraint.String("topologyKey")}, {constraint.String("whenUnsatisfiable")}}}");
            }

            foreach (var error in FieldRules.Positive(constraint, "minDomains", at).Concat(FieldRules.OneOf(constraint, "nodeAffinityPolicy", at, "Honor", "Ignore"))
                .Concat(FieldRules.OneOf(constraint, "nodeTaintsPolicy", at, "Honor", "Ignore")).Concat(FieldRules.Selector(constraint.Object("labelSelector"), $"{at}.labelSelector")))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckGates(JsonObject spec, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (gate, i) in spec.Objects("schedulingGates").Select((gate, i) => (gate.String("name") ?? "", i)))
        {
            var at = FieldRules.Indexed($"{path}.schedulingGates", i);
            if (Names.CheckLabelKey(gate) is { } wrong)
            {
                yield return FieldError.Invalid($"{at}.name", gate, wrong);
            }

            if (!seen.Add(gate))
            {
                yield return FieldError.Duplicate($"{at}.name", gate);
            }
        }

        foreach (var (gate, i) in spec.Objects("readinessGates").Select((gate, i) => (gate.String("conditionType") ?? "", i)))
        {
            if (Names.CheckLabelKey(gate) is { } wrong)
            {
                yield return FieldError.Invalid($"{FieldRules.Indexed($"{path}.readinessGates", i)}.conditionType", gate, wrong);
            }
        }
    }
}
