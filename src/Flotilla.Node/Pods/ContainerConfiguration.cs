using System.Globalization;
using Flotilla.Linux.Cri;
using Flotilla.Node.Volumes;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A container as the runtime is told about it. Pure but for the files it is given.</summary>
internal static class ContainerConfiguration
{
    public static ContainerConfig For(ContainerRequest request)
    {
        var (pod, container, image, attempt) = (request.Pod, request.Container, request.Image, request.Attempt);
        var variables = request.Environment.ToDictionary(StringComparer.Ordinal);
        var config = new ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = container.Name, Attempt = attempt },
            Image = new ImageSpec { Image = image.Id },
            WorkingDir = container.WorkingDir ?? "",
            LogPath = Path.Combine(container.Name, $"{attempt}.log"),
            Stdin = container.Stdin == true,
            StdinOnce = container.StdinOnce == true,
            Tty = container.Tty == true,
            Linux = new LinuxContainerConfig
            {
                Resources = ContainerResources.For(pod, container),
                SecurityContext = ContainerSecurity.For(request),
            },
        };
        config.Command.Add((container.Command ?? []).Select(word => Expansion.Expand(word, variables)));
        config.Args.Add((container.Args ?? []).Select(word => Expansion.Expand(word, variables)));
        config.Envs.Add(request.Environment.Select(entry => new KeyValue { Key = entry.Key, Value = entry.Value }));
        config.Mounts.Add(Mounts(request, variables).Select(mount => WithUsersOf(request, mount)));
        config.Devices.Add(ContainerMounts.Devices(request));
        config.Labels.Add(RuntimeLabels.Of(pod));
        config.Labels[RuntimeLabels.ContainerName] = container.Name;
        config.Annotations[RuntimeLabels.RestartCount] = attempt.ToString(CultureInfo.InvariantCulture);
        config.Annotations[RuntimeLabels.Hash] = ContainerHash.Of(container);
        config.Annotations[RuntimeLabels.Resources] = PodResizing.Describe(container);
        config.Annotations[RuntimeLabels.TerminationMessagePath] = TerminationPath(container);
        config.Annotations[RuntimeLabels.TerminationMessagePolicy] = container.TerminationMessagePolicy ?? "File";
        if (container.Lifecycle?.PreStop is { } hook)
        {
            config.Annotations[RuntimeLabels.PreStop] = System.Text.Encoding.UTF8.GetString(Api.ObjectJson.Encode(hook).AsSpan());
        }
        config.Annotations[RuntimeLabels.Priority] = (pod.Spec.Priority ?? 0).ToString(CultureInfo.InvariantCulture);
        config.Annotations[RuntimeLabels.GracePeriod] = pod.GracePeriod().TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        return config;
    }

    // Files keep the owners that the pod sees, whatever range of the node's ids it was given.
    private static Mount WithUsersOf(ContainerRequest request, Mount mount)
    {
        mount.UidMappings.Add(request.Users.Uids);
        mount.GidMappings.Add(request.Users.Gids);
        return mount;
    }

    private static string TerminationPath(V1Container container) =>
        string.IsNullOrEmpty(container.TerminationMessagePath) ? TerminationMessage.DefaultPath : container.TerminationMessagePath;

    private static IEnumerable<Mount> Mounts(ContainerRequest request, Dictionary<string, string> variables)
    {
        var container = request.Container;
        foreach (var mount in ContainerMounts.For(request, variables))
        {
            yield return mount;
        }
        if (!(container.VolumeMounts ?? []).Any(mount => mount.MountPath == "/etc/hosts"))
        {
            yield return new Mount { ContainerPath = "/etc/hosts", HostPath = request.HostsFile };
        }
        yield return new Mount { ContainerPath = TerminationPath(container), HostPath = request.TerminationLog };
    }
}

internal sealed record ContainerRequest(
    V1Pod Pod,
    V1Container Container,
    Image Image,
    uint Attempt,
    IReadOnlyList<KeyValuePair<string, string>> Environment,
    PodVolumes Volumes,
    string PodDirectory,
    string HostsFile,
    string TerminationLog)
{
    public UserNamespace Users { get; init; } = UserNamespaces.OfTheNode;

    /// <summary>Where profiles of the node itself lie.</summary>
    public string SeccompDirectory { get; init; } = "";

    /// <summary>Whether the runtime can make mounts read-only with all that is mounted below them.</summary>
    public bool CanMountRecursively { get; init; }
}
