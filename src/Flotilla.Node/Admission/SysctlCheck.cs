using Flotilla.Api.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Kernel settings that a pod may change: those of its own namespaces that hurt nobody, and what the node allows besides.</summary>
/// <param name="allowed">Names, or beginnings of names that end with <c>*</c>.</param>
internal sealed class SysctlCheck(IReadOnlyList<string> allowed) : IAdmissionCheck
{
    private const string Reason = "SysctlForbidden";

    private static readonly HashSet<string> Safe = new(StringComparer.Ordinal)
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    };

    public Rejection? Check(V1Pod pod, AdmissionView view) => (pod.Spec.SecurityContext?.Sysctls ?? [])
        .Select(sysctl => Fault(pod, sysctl.Name.Replace('/', '.')))
        .OfType<string>()
        .Select(fault => new Rejection(Reason, fault))
        .FirstOrDefault();

    private string? Fault(V1Pod pod, string name)
    {
        var isOwn = pod.GetAnnotation(PodAnnotations.NamespacedSysctls) == "true" && (IsIpc(name) || name.StartsWith("net.", StringComparison.Ordinal));
        if (!isOwn && !Safe.Contains(name) && !allowed.Any(pattern => pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern))
        {
            return $"forbidden sysctl: \"{name}\" not allowlisted";
        }
        return name switch
        {
            _ when pod.Spec.HostNetwork == true && name.StartsWith("net.", StringComparison.Ordinal) => $"forbidden sysctl: \"{name}\" not allowed with host net enabled",
            _ when pod.Spec.HostIPC == true && IsIpc(name) => $"forbidden sysctl: \"{name}\" not allowed with host ipc enabled",
            _ => null,
        };
    }

    private static bool IsIpc(string name) =>
        name == "kernel.sem" || name.StartsWith("kernel.shm", StringComparison.Ordinal) || name.StartsWith("kernel.msg", StringComparison.Ordinal) || name.StartsWith("fs.mqueue.", StringComparison.Ordinal);
}
