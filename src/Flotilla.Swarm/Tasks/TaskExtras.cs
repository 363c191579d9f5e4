using System.Globalization;
using System.Text.Json;
using Flotilla.Api.Pods;
using Flotilla.Swarm.Services.Spec;

namespace Flotilla.Swarm.Tasks;

/// <summary>What a task asks of its node that Pods have no field for. Pure.</summary>
internal static class TaskExtras
{
    public static IEnumerable<KeyValuePair<string, string>> For(ContainerSpec container, ResourceRequirements? resources, TaskVolumes volumes)
    {
        if (container.Ulimits is { Count: > 0 } limits)
        {
            yield return new(PodAnnotations.Ulimits, string.Join(' ', limits.Select(limit => string.Create(CultureInfo.InvariantCulture, $"{limit.Name}={limit.Soft}:{limit.Hard}"))));
        }

        if (container.Sysctls is { Count: > 0 })
        {
            yield return new(PodAnnotations.NamespacedSysctls, "true");
        }

        if (resources?.Limits?.Pids > 0)
        {
            yield return new(PodAnnotations.PidsLimit, resources.Limits.Pids.ToString(CultureInfo.InvariantCulture));
        }

        // Numbers are Kubernetes' own business.
        if (container.User is { Length: > 0 } user && !user.Split(':').All(part => part.All(char.IsAsciiDigit)))
        {
            yield return new(PodAnnotations.RunAs, user);
        }

        if ((container.Mounts ?? []).Any(mount => mount.Type == "bind"))
        {
            yield return new(PodAnnotations.PathsMustExist, "true");
        }

        if (volumes.Modes.Count > 0)
        {
            yield return new(PodAnnotations.DirectoryModes, JsonSerializer.Serialize(volumes.Modes));
        }

        if (volumes.Named.Count > 0)
        {
            yield return new(PodAnnotations.NamedVolumes, NamedVolume.Write(volumes.Named));
        }

        if (volumes.Owners.Count > 0)
        {
            yield return new(PodAnnotations.FileOwners, JsonSerializer.Serialize(volumes.Owners));
        }
    }
}
