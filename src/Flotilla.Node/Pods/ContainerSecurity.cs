using Flotilla.Api.Pods;
using Flotilla.Linux.Cri;
using k8s.Models;
using Profile = Flotilla.Linux.Cri.SecurityProfile.Types.ProfileType;

namespace Flotilla.Node.Pods;

/// <summary>A container's security context for the runtime: its own settings before its pod's.</summary>
internal static class ContainerSecurity
{
    private static readonly string[] MaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] ReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public static LinuxContainerSecurityContext For(ContainerRequest request)
    {
        var (pod, container, image) = (request.Pod, request.Container, request.Image);
        var own = container.SecurityContext;
        var common = pod.Spec.SecurityContext;
        var privileged = own?.Privileged == true;
        var context = new LinuxContainerSecurityContext
        {
            Privileged = privileged,
            ReadonlyRootfs = own?.ReadOnlyRootFilesystem == true,
            NoNewPrivs = own?.AllowPrivilegeEscalation == false,
            NamespaceOptions = SandboxConfiguration.Namespaces(pod, request.Users),
            Seccomp = Seccomp(own?.SeccompProfile ?? common?.SeccompProfile, privileged, request.SeccompDirectory),
            Apparmor = AppArmor(own?.AppArmorProfile ?? common?.AppArmorProfile),
            SupplementalGroupsPolicy = GroupsPolicy(pod),
        };
        if (own?.Capabilities is { } capabilities)
        {
            context.Capabilities = new Capability();
            context.Capabilities.AddCapabilities.Add(capabilities.Add ?? []);
            context.Capabilities.DropCapabilities.Add(capabilities.Drop ?? []);
        }
        if (!privileged && own?.ProcMount != "Unmasked")
        {
            context.MaskedPaths.Add(MaskedPaths);
            context.ReadonlyPaths.Add(ReadonlyPaths);
        }
        if (pod.GetAnnotation(PodAnnotations.RunAs) is { Length: > 0 } names)
        {
            context.RunAsUsername = names;
        }
        else
        {
            SetUser(context, own?.RunAsUser ?? common?.RunAsUser, own?.RunAsGroup ?? common?.RunAsGroup, image);
        }
        context.SupplementalGroups.Add(Groups(pod));
        return context;
    }

    /// <summary>Groups that all of a pod's processes get besides their own.</summary>
    public static IEnumerable<long> Groups(V1Pod pod)
    {
        IEnumerable<long?> groups = [pod.Spec.SecurityContext?.FsGroup, .. pod.Spec.SecurityContext?.SupplementalGroups?.Cast<long?>() ?? []];
        return groups.OfType<long>().Distinct();
    }

    /// <summary>Whether the groups that the image gives to its user count too.</summary>
    public static SupplementalGroupsPolicy GroupsPolicy(V1Pod pod) =>
        pod.Spec.SecurityContext?.SupplementalGroupsPolicy == "Strict" ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge;

    /// <exception cref="ContainerException">runAsNonRoot is asked for and cannot be promised.</exception>
    public static void CheckNonRoot(V1Pod pod, V1Container container, Image image)
    {
        if ((container.SecurityContext?.RunAsNonRoot ?? pod.Spec.SecurityContext?.RunAsNonRoot) != true)
        {
            return;
        }
        var where = $"(pod: \"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})\", container: {container.Name})";
        var user = container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser;
        var fault = user switch
        {
            _ when pod.GetAnnotation(PodAnnotations.RunAs) is { Length: > 0 } names => $"container has runAsNonRoot and non-numeric user ({names}), cannot verify user is non-root {where}",
            0 => $"container's runAsUser breaks non-root policy {where}",
            not null => null,
            null when image.Uid is { Value: not 0 } => null,
            null when !string.IsNullOrEmpty(image.Username) =>
                $"container has runAsNonRoot and image has non-numeric user ({image.Username}), cannot verify user is non-root {where}",
            _ => $"container has runAsNonRoot and image will run as root {where}",
        };
        if (fault is not null)
        {
            throw new ContainerException("CreateContainerConfigError", fault);
        }
    }

    private static void SetUser(LinuxContainerSecurityContext context, long? user, long? group, Image image)
    {
        if (user is not null)
        {
            context.RunAsUser = new Int64Value { Value = user.Value };
        }
        else if (image.Uid is not null)
        {
            context.RunAsUser = new Int64Value { Value = image.Uid.Value };
        }
        else
        {
            context.RunAsUsername = image.Username;
        }
        if (group is not null)
        {
            context.RunAsGroup = new Int64Value { Value = group.Value };
            // The runtime refuses a group without a user.
            if (context.RunAsUser is null && context.RunAsUsername.Length == 0)
            {
                context.RunAsUser = new Int64Value();
            }
        }
    }

    private static SecurityProfile Seccomp(V1SeccompProfile? profile, bool privileged, string directory) => profile?.Type switch
    {
        "RuntimeDefault" when !privileged => new SecurityProfile { ProfileType = Profile.RuntimeDefault },
        "Localhost" => new SecurityProfile { ProfileType = Profile.Localhost, LocalhostRef = Path.Combine(directory, profile.LocalhostProfile) },
        _ => new SecurityProfile { ProfileType = Profile.Unconfined },
    };

    private static SecurityProfile? AppArmor(V1AppArmorProfile? profile) => profile?.Type switch
    {
        "Unconfined" => new SecurityProfile { ProfileType = Profile.Unconfined },
        "Localhost" => new SecurityProfile { ProfileType = Profile.Localhost, LocalhostRef = profile.LocalhostProfile },
        "RuntimeDefault" => new SecurityProfile { ProfileType = Profile.RuntimeDefault },
        _ => null,
    };
}
