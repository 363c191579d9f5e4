using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>A container's volume mounts and devices as the runtime is told about them.</summary>
internal static class ContainerMounts
{
    private const string Refused = "CreateContainerConfigError";
    private const string AllAccess = "mrw";

    public static IEnumerable<Mount> For(ContainerRequest request, IReadOnlyDictionary<string, string> variables)
    {
        var mounts = request.Container.VolumeMounts ?? [];
        for (var index = 0; index < mounts.Count; index++)
        {
            var mount = mounts[index];
            var volume = Volume(request, mount.Name);
            if (volume.IsBlock)
            {
                throw new ContainerException(Refused, $"volume {mount.Name} has volumeMode Block, but is specified in volumeMounts");
            }
            yield return new Mount
            {
                ContainerPath = mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath,
                HostPath = PathFor(request, mount, index, volume.Path, variables),
                Readonly = mount.ReadOnlyProperty == true || volume.IsReadOnly,
                RecursiveReadOnly = IsRecursive(mount, request.CanMountRecursively),
                Propagation = mount.MountPropagation switch
                {
                    "HostToContainer" => MountPropagation.PropagationHostToContainer,
                    "Bidirectional" => MountPropagation.PropagationBidirectional,
                    _ => MountPropagation.PropagationPrivate,
                },
            };
        }
    }

    public static IEnumerable<Device> Devices(ContainerRequest request)
    {
        foreach (var device in request.Container.VolumeDevices ?? [])
        {
            var volume = Volume(request, device.Name);
            if (!volume.IsBlock)
            {
                throw new ContainerException(Refused, $"volume {device.Name} has volumeMode Filesystem, but is specified in volumeDevices");
            }
            yield return new Device { ContainerPath = device.DevicePath, HostPath = volume.Path, Permissions = volume.IsReadOnly ? "r" : AllAccess };
        }
    }

    /// <summary>Whether it matters what the runtime can do.</summary>
    public static bool AskForRecursion(V1Container container) => (container.VolumeMounts ?? []).Any(mount => mount.RecursiveReadOnly is "Enabled" or "IfPossible");

    private static bool IsRecursive(V1VolumeMount mount, bool isSupported)
    {
        if (mount.RecursiveReadOnly is not ("Enabled" or "IfPossible"))
        {
            return false;
        }
        var fault = mount.ReadOnlyProperty != true ? "it is not read-only"
            : mount.MountPropagation is not (null or "None") ? $"it is not compatible with propagation \"{mount.MountPropagation}\""
            : mount.RecursiveReadOnly == "Enabled" && !isSupported ? "it is not supported by the runtime"
            : null;
        return fault is null
            ? isSupported
            : throw new ContainerException(Refused, $"failed to resolve recursive read-only mode: volume \"{mount.Name}\" requested recursive read-only mode, but {fault}");
    }

    private static MountedVolume Volume(ContainerRequest request, string name) => request.Volumes.ByName.TryGetValue(name, out var volume)
        ? volume
        : throw new ContainerException(Refused, $"cannot find volume \"{name}\" to mount into container \"{request.Container.Name}\"");

    private static string PathFor(ContainerRequest request, V1VolumeMount mount, int index, string volume, IReadOnlyDictionary<string, string> variables)
    {
        var below = string.IsNullOrEmpty(mount.SubPathExpr) ? mount.SubPath ?? "" : Expand(mount.SubPathExpr, variables);
        if (below.Length == 0)
        {
            return volume;
        }
        if (below.StartsWith('/'))
        {
            throw new ContainerException(Refused, $"error SubPath `{below}` must not be an absolute path");
        }
        if (below.Split('/').Contains("..", StringComparer.Ordinal))
        {
            throw new ContainerException(Refused, $"unable to provision SubPath `{below}`: must not contain '..'");
        }
        var target = Path.Combine(request.PodDirectory, "volume-subpaths", mount.Name, request.Container.Name, FormattableString.Invariant($"{index}"));
        try
        {
            return SubPaths.Prepare(volume, below, target);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What exactly is wrong would tell about the node's file system.
            throw new ContainerException(Refused, $"failed to prepare subPath for volumeMount \"{mount.Name}\" of container \"{request.Container.Name}\"", failure);
        }
    }

    // Unlike elsewhere, a name without a value is an error.
    private static string Expand(string expression, IReadOnlyDictionary<string, string> variables)
    {
        var recorder = new Variables(variables);
        var text = Expansion.Expand(expression, recorder);
        return recorder.Missing.Count == 0
            ? text
            : throw new ContainerException(Refused, $"missing value for {string.Join(", ", recorder.Missing.Select(name => $"\"{name}\""))}");
    }
}
