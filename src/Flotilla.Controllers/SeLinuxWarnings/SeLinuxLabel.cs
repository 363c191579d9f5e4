using k8s.Models;

namespace Flotilla.Controllers.SeLinuxWarnings;

/// <summary>Labels as pods ask for them. What a pod leaves open its node decides, and could be anything. Pure.</summary>
internal static class SeLinuxLabel
{
    private const int Parts = 4;

    /// <returns>Empty: nothing is asked for.</returns>
    public static string Of(V1SELinuxOptions options)
    {
        var label = string.Join(':', options.User, options.Role, options.Type, options.Level);
        return label == ":::" ? "" : label;
    }

    public static bool Conflict(string left, string right)
    {
        // The level may contain colons itself.
        var (one, other) = (left.Split(':', Parts), right.Split(':', Parts));
        return Enumerable.Range(0, Parts).Any(part => (one.ElementAtOrDefault(part), other.ElementAtOrDefault(part)) is ({ Length: > 0 } mine, { Length: > 0 } theirs) && mine != theirs);
    }

    /// <summary>The labels with which the containers of a pod use each of its volumes, by the volume's name in the pod.</summary>
    public static ILookup<string, string> ByVolume(V1Pod pod)
    {
        IEnumerable<(IList<V1VolumeMount>? Mounts, IList<V1VolumeDevice>? Devices, V1SecurityContext? Security)> containers =
        [
            .. (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers).Select(container => (container.VolumeMounts, container.VolumeDevices, container.SecurityContext)),
            .. (pod.Spec.EphemeralContainers ?? []).Select(container => (container.VolumeMounts, container.VolumeDevices, container.SecurityContext)),
        ];
        return (from container in containers
                let options = container.Security?.SeLinuxOptions ?? pod.Spec.SecurityContext?.SeLinuxOptions
                where options is not null
                from mount in container.Mounts ?? []
                select (mount.Name, Label: Of(options))).Distinct().ToLookup(use => use.Name, use => use.Label, StringComparer.Ordinal);
    }
}
