using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using static Flotilla.Server.Admission.PodSecurity.Violation;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>What the restricted level demands beyond the baseline. Each returns null when all is well.</summary>
internal static class RestrictedChecks
{
    private static readonly string[] AllowedVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    private static readonly string[] KnownVolumes =
    [
        "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "fc",
        "azureFile", "vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO", "storageos",
    ];

    public static Violation? AllowPrivilegeEscalation(CheckedPod pod)
    {
        var containers = pod.Where(context => context.Boolean("allowPrivilegeEscalation") != false);
        return containers.Count == 0 ? null : new Violation("allowPrivilegeEscalation != false", $"{Containers(containers)} must set securityContext.allowPrivilegeEscalation=false");
    }

    public static Violation? Capabilities(CheckedPod pod)
    {
        static bool DropsAll(JsonObject? context) => context.Object("capabilities").Array("drop")?.Any(node => node.AsString() == "ALL") == true;
        static IEnumerable<string> Bad(JsonObject? context) => BaselineChecks.Added(context).Where(name => name != "NET_BIND_SERVICE");
        var (keeping, adding) = (pod.Where(context => !DropsAll(context)), pod.Where(context => Bad(context).Any()));
        var details = new List<string>();
        if (keeping.Count > 0)
        {
            details.Add($"{Containers(keeping)} must set securityContext.capabilities.drop=[\"ALL\"]");
        }

        if (adding.Count > 0)
        {
            details.Add($"{Containers(adding)} must not include {QuoteSet(pod.Containers.SelectMany(container => Bad(container.Object("securityContext"))))} in securityContext.capabilities.add");
        }

        return details.Count == 0 ? null : new Violation("unrestricted capabilities", string.Join("; ", details));
    }

    public static Violation? Volumes(CheckedPod pod)
    {
        var bad = pod.Spec.Objects("volumes").Where(volume => !AllowedVolumes.Any(volume.ContainsKey)).ToList();
        if (bad.Count == 0)
        {
            return null;
        }

        var types = bad.Select(volume => KnownVolumes.FirstOrDefault(volume.ContainsKey) ?? "unknown").Distinct().Order(StringComparer.Ordinal).ToList();
        return new Violation(
            "restricted volume types",
            $"{Plural(bad.Count, "volume", "volumes")} {Quote(bad.Select(CheckedPod.NameOf))} {Plural(bad.Count, "uses", "use")} {Plural(types.Count, "restricted volume type", "restricted volume types")} {Quote(types)}");
    }

    public static Violation? RunAsNonRoot(CheckedPod pod)
    {
        static bool IsBad(JsonObject? context) => context.Boolean("runAsNonRoot") == false;
        const string reason = "runAsNonRoot != true";
        if (Setters(IsBad(pod.Security), pod.Where(IsBad)) is { Length: > 0 } setters)
        {
            return new Violation(reason, $"{setters} must not set securityContext.runAsNonRoot=false");
        }

        var silent = pod.Security.Boolean("runAsNonRoot") == true ? [] : pod.Where(context => context.Boolean("runAsNonRoot") is null);
        return silent.Count == 0 ? null : new Violation(reason, $"pod or {Containers(silent)} must set securityContext.runAsNonRoot=true");
    }

    public static Violation? RunAsUser(CheckedPod pod)
    {
        static bool IsBad(JsonObject? context) => context.Integer("runAsUser") == 0;
        var setters = Setters(IsBad(pod.Security), pod.Where(IsBad));
        return setters.Length == 0 ? null : new Violation("runAsUser=0", $"{setters} must not set runAsUser=0");
    }

    public static Violation? Seccomp(CheckedPod pod)
    {
        if (BaselineChecks.Seccomp(pod) is { } explicitly)
        {
            return explicitly;
        }

        var silent = BaselineChecks.SeccompType(pod.Security) is not null ? [] : pod.Where(context => BaselineChecks.SeccompType(context) is null);
        return silent.Count == 0 ? null : new Violation("seccompProfile", $"pod or {Containers(silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
    }
}
