using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A pod as the runtime's sandbox. Pure.</summary>
internal static class SandboxConfiguration
{
    public static PodSandboxConfig For(V1Pod pod, NodeOptions options, string cgroup, DNSConfig dns, UserNamespace users, uint attempt)
    {
        var config = new PodSandboxConfig
        {
            Metadata = new PodSandboxMetadata
            {
                Name = pod.Metadata.Name,
                Namespace = pod.Metadata.NamespaceProperty,
                Uid = pod.Metadata.Uid,
                Attempt = attempt,
            },
            Hostname = pod.IsHostNetwork() ? "" : HostNameOf(pod, options),
            LogDirectory = PodDirectories.Logs(options, pod),
            DnsConfig = dns,
            Linux = new LinuxPodSandboxConfig { CgroupParent = cgroup, SecurityContext = Security(pod, users) },
        };
        config.Labels.Add(RuntimeLabels.Of(pod));
        foreach (var (key, value) in pod.Metadata.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            config.Labels.TryAdd(key, value);
        }
        foreach (var sysctl in pod.Spec.SecurityContext?.Sysctls ?? [])
        {
            config.Linux.Sysctls[sysctl.Name] = sysctl.Value;
        }
        return config;
    }

    public static NamespaceOption Namespaces(V1Pod pod, UserNamespace users) => new()
    {
        Network = pod.IsHostNetwork() ? NamespaceMode.Node : NamespaceMode.Pod,
        Ipc = pod.Spec.HostIPC == true ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = pod.Spec.HostPID == true ? NamespaceMode.Node : pod.Spec.ShareProcessNamespace == true ? NamespaceMode.Pod : NamespaceMode.Container,
        UsernsOptions = users,
    };

    private static string HostNameOf(V1Pod pod, NodeOptions options) =>
        pod.Spec.SetHostnameAsFQDN == true && !string.IsNullOrEmpty(pod.Spec.Subdomain)
            ? $"{HostName.Of(pod)}.{pod.Spec.Subdomain}.{pod.Metadata.NamespaceProperty}.svc.{options.ClusterDomain}"
            : HostName.Of(pod);

    private static LinuxSandboxSecurityContext Security(V1Pod pod, UserNamespace users)
    {
        var own = pod.Spec.SecurityContext;
        var context = new LinuxSandboxSecurityContext
        {
            NamespaceOptions = Namespaces(pod, users),
            Privileged = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Any(container => container.SecurityContext?.Privileged == true),
            Seccomp = new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
            SupplementalGroupsPolicy = ContainerSecurity.GroupsPolicy(pod),
        };
        if (own?.RunAsUser is { } user)
        {
            context.RunAsUser = new Int64Value { Value = user };
        }
        if (own?.RunAsUser is not null && own.RunAsGroup is { } group)
        {
            context.RunAsGroup = new Int64Value { Value = group };
        }
        context.SupplementalGroups.Add(ContainerSecurity.Groups(pod));
        return context;
    }
}
