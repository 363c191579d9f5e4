using Flotilla.Linux.Cri;
using Flotilla.Node.Linux;

namespace Flotilla.Node.Cdi;

/// <summary>What a device's file says, done to a container's configuration.</summary>
internal static class CdiEdit
{
    private const string AllAccess = "rwm";

    /// <exception cref="CdiException">It asks for what only a runtime can do.</exception>
    public static void Apply(ContainerConfig config, CdiEdits edits)
    {
        if (edits.Hooks is { Count: > 0 } || edits.IntelRdt is not null || edits.NetDevices is { Count: > 0 })
        {
            throw new CdiException("hooks, cache classes and network devices need a container runtime that knows CDI, this one does not");
        }
        foreach (var variable in edits.Env ?? [])
        {
            Set(config, variable.Split('=', 2));
        }
        config.Devices.Add((edits.DeviceNodes ?? []).Select(NodeOf));
        foreach (var mount in (edits.Mounts ?? []).Select(MountOf))
        {
            // As runtimes do it: the device's own mount comes instead of another at the same place.
            foreach (var other in config.Mounts.Where(other => other.ContainerPath == mount.ContainerPath).ToList())
            {
                config.Mounts.Remove(other);
            }
            config.Mounts.Add(mount);
        }
        config.Linux.SecurityContext.SupplementalGroups.Add((edits.AdditionalGids ?? []).Select(group => (long)group));
    }

    private static void Set(ContainerConfig config, string[] variable)
    {
        foreach (var other in config.Envs.Where(other => other.Key == variable[0]).ToList())
        {
            config.Envs.Remove(other);
        }
        config.Envs.Add(new KeyValue { Key = variable[0], Value = variable.ElementAtOrDefault(1) ?? "" });
    }

    private static Device NodeOf(CdiDeviceNode node)
    {
        var path = string.IsNullOrEmpty(node.HostPath) ? node.Path ?? "" : node.HostPath;
        return FileStatus.Of(path) is null
            ? throw new CdiException($"device node \"{path}\" does not exist on the node")
            : new Device { ContainerPath = node.Path ?? "", HostPath = path, Permissions = string.IsNullOrEmpty(node.Permissions) ? AllAccess : node.Permissions };
    }

    private static Mount MountOf(CdiMount mount)
    {
        var options = mount.Options ?? [];
        return string.IsNullOrEmpty(mount.Type) || mount.Type == "bind" || options.Contains("bind") || options.Contains("rbind")
            ? new Mount { ContainerPath = mount.ContainerPath ?? "", HostPath = mount.HostPath ?? "", Readonly = options.Contains("ro"), Propagation = PropagationOf(options) }
            : throw new CdiException($"a mount of type \"{mount.Type}\" needs a container runtime that knows CDI, this one does not");
    }

    private static MountPropagation PropagationOf(List<string> options) =>
        options.Contains("rshared") || options.Contains("shared") ? MountPropagation.PropagationBidirectional
        : options.Contains("rslave") || options.Contains("slave") ? MountPropagation.PropagationHostToContainer
        : MountPropagation.PropagationPrivate;
}
