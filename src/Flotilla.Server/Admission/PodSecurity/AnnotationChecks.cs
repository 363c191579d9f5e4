using Flotilla.Api.Json;
using static Flotilla.Server.Admission.PodSecurity.Violation;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>What the standards of old releases look at: seccomp as annotations, and the growing list of harmless sysctls.</summary>
internal static class AnnotationChecks
{
    private const string PodSeccomp = "seccomp.security.alpha.kubernetes.io/pod";
    private const string ContainerSeccomp = "container.seccomp.security.alpha.kubernetes.io/";

    // The release since which a sysctl counts as harmless.
    private static readonly Dictionary<string, int> Sysctls = new(StringComparer.Ordinal)
    {
        ["kernel.shm_rmid_forced"] = 0,
        ["net.ipv4.ip_local_port_range"] = 0,
        ["net.ipv4.tcp_syncookies"] = 0,
        ["net.ipv4.ping_group_range"] = 0,
        ["net.ipv4.ip_unprivileged_port_start"] = 0,
        ["net.ipv4.ip_local_reserved_ports"] = 27,
        ["net.ipv4.tcp_keepalive_time"] = 29,
        ["net.ipv4.tcp_fin_timeout"] = 29,
        ["net.ipv4.tcp_keepalive_intvl"] = 29,
        ["net.ipv4.tcp_keepalive_probes"] = 29,
        ["net.ipv4.tcp_rmem"] = 32,
        ["net.ipv4.tcp_wmem"] = 32,
    };

    public static Violation? UnsafeSysctls(CheckedPod pod, LevelVersion version)
    {
        var names = pod.Security.Objects("sysctls").Select(CheckedPod.NameOf).Where(name => !Sysctls.TryGetValue(name, out var since) || !version.IsAtLeast(since)).ToList();
        return names.Count == 0 ? null : new Violation("forbidden sysctls", string.Join(", ", names));
    }

    public static Violation? Seccomp(CheckedPod pod)
    {
        var bad = pod.Containers.Select(container => ContainerSeccomp + CheckedPod.NameOf(container)).Prepend(PodSeccomp)
            .Where(key => pod.Annotations.String(key) is { } value && value is not ("runtime/default" or "docker/default") && !value.StartsWith("localhost/", StringComparison.Ordinal))
            .Select(key => $"{key}=\"{pod.Annotations.String(key)}\"").Distinct().Order(StringComparer.Ordinal).ToList();
        return bad.Count == 0 ? null : new Violation("seccompProfile", $"forbidden {Plural(bad.Count, "annotation", "annotations")} {string.Join(", ", bad)}");
    }
}
