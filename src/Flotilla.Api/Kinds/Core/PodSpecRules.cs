using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The rules for pod specs, of pods and of templates; errors come in the order clients know.</summary>
internal static class PodSpecRules
{
    /// <param name="metadata">The pod's own metadata; null for templates, which have none to speak of.</param>
    public static IEnumerable<FieldError> Check(JsonObject spec, string path, JsonObject? metadata)
    {
        var volumes = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var errors = VolumeSourceRules.Check(spec, $"{path}.volumes", metadata, volumes);
        var pod = new ContainerSurroundings(volumes, PodClaimRules.NamesOf(spec), spec.Integer("terminationGracePeriodSeconds") ?? 30, spec.String("restartPolicy") ?? "", spec.Boolean("hostUsers") != false);
        return errors
            .Concat(PodClaimRules.Check(spec, path))
            .Concat(ContainerRules.CheckAll(spec, path, pod))
            .Concat(PodResourceRules.Check(spec, $"{path}.resources"))
            .Concat(PortRules.OnHostNetwork(spec, path, isPod: metadata is not null))
            .Concat(FieldRules.RequiredOneOf(spec, "restartPolicy", path, "Always", "OnFailure", "Never"))
            .Concat(FieldRules.RequiredOneOf(spec, "dnsPolicy", path, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"))
            .Concat(FieldRules.LabelMap(spec.Object("nodeSelector"), $"{path}.nodeSelector"))
            .Concat(SecurityRules.CheckPod(spec, $"{path}.securityContext"))
            .Concat(AffinityRules.Check(spec.Object("affinity"), $"{path}.affinity"))
            .Concat(HostNameRules.CheckDns(spec, $"{path}.dnsConfig"))
            .Concat(CheckGates(spec, path))
            .Concat(SpreadRules.Check(spec, path))
            .Concat(WindowsRules.CheckHostProcess(spec, path))
            .Concat(CheckHostUsers(spec, path))
            .Concat(CheckReferences(spec, path))
            .Concat(TolerationRules.Check(spec, path))
            .Concat(HostNameRules.CheckAliases(spec, path))
            .Concat(CheckScheduling(spec, path))
            .Concat(WindowsRules.CheckSystem(spec, path));
    }

    private static IEnumerable<FieldError> CheckReferences(JsonObject spec, string path) =>
        FieldRules.Named(spec, "serviceAccountName", path, Names.CheckSubdomain)
            .Concat(FieldRules.Named(spec, "nodeName", path, Names.CheckSubdomain))
            .Concat(FieldRules.Within(spec, "activeDeadlineSeconds", path, 1, int.MaxValue))
            .Concat(FieldRules.Named(spec, "hostname", path, Names.CheckLabel))
            .Concat(FieldRules.Named(spec, "subdomain", path, Names.CheckLabel));

    private static IEnumerable<FieldError> CheckScheduling(JsonObject spec, string path) =>
        FieldRules.Named(spec, "priorityClassName", path, Names.CheckSubdomain)
            .Concat(spec.String("runtimeClassName") is { } runtime ? FieldRules.Text(runtime, $"{path}.runtimeClassName", Names.CheckSubdomain) : [])
            .Concat(spec["preemptionPolicy"] is null ? [] : FieldRules.RequiredOneOf(spec, "preemptionPolicy", path, "PreemptLowerPriority", "Never"))
            .Concat(spec.Object("overhead") is { } overhead ? ResourceRules.CheckContainer(new JsonObject { ["limits"] = overhead.DeepClone() }, $"{path}.overhead", new HashSet<string>()) : []);

    private static IEnumerable<FieldError> CheckGates(JsonObject spec, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(spec, "readinessGates", path, (gate, at) => FieldRules.Text(gate.String("conditionType") ?? "", $"{at}.conditionType", Names.CheckLabelKey))
            .Concat(FieldRules.Each(spec, "schedulingGates", path, (gate, at) => FieldRules.Text(gate.String("name") ?? "", at, Names.CheckLabelKey)
                .Concat(seen.Add(gate.String("name") ?? "") ? [] : [FieldError.Duplicate(at, gate.String("name") ?? "")])));
    }

    // Users of its own and the namespaces of the host do not go together. Two of the paths are upstream's own spelling.
    private static IEnumerable<FieldError> CheckHostUsers(JsonObject spec, string path) => spec.Boolean("hostUsers") != false ? [] :
        new[] { ("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC") }
            .Where(pair => spec.Boolean(pair.Item1) == true)
            .Select(pair => FieldError.Forbidden($"{path}.{pair.Item2}", "when `pod.Spec.HostUsers` is false") with { Ratchet = pair.Item1 == "hostNetwork" ? Ratchet.HostUsersOnHostNetwork : null });
}
