using Flotilla.Linux.Cri;

namespace Flotilla.Node.Devices;

/// <summary>Adds to a container's configuration what comes with its devices. What the pod says itself goes first.</summary>
internal static class DeviceConfiguration
{
    public static void Apply(ContainerConfig config, IReadOnlyList<DeviceGrant> grants)
    {
        foreach (var grant in grants)
        {
            var known = config.Envs.Select(variable => variable.Key).ToHashSet(StringComparer.Ordinal);
            config.Envs.Add(grant.Environment.Where(pair => !known.Contains(pair.Key)).Select(pair => new KeyValue { Key = pair.Key, Value = pair.Value }));
            var mounted = config.Mounts.Select(mount => mount.ContainerPath).ToHashSet(StringComparer.Ordinal);
            config.Mounts.Add(grant.Mounts.Where(mount => !mounted.Contains(mount.ContainerPath))
                .Select(mount => new Mount { ContainerPath = mount.ContainerPath, HostPath = mount.HostPath, Readonly = mount.ReadOnly }));
            var nodes = config.Devices.Select(device => device.ContainerPath).ToHashSet(StringComparer.Ordinal);
            config.Devices.Add(grant.Nodes.Where(node => !nodes.Contains(node.ContainerPath))
                .Select(node => new Device { ContainerPath = node.ContainerPath, HostPath = node.HostPath, Permissions = node.Permissions }));
            config.CDIDevices.Add(grant.Names.Select(name => new CDIDevice { Name = name }));
            foreach (var (name, value) in grant.Annotations.Where(pair => !config.Annotations.ContainsKey(pair.Key)))
            {
                config.Annotations[name] = value;
            }
        }
    }
}
