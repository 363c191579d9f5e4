using System.Globalization;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>Mounts, secrets and configs of a task as volumes of its Pod.</summary>
internal sealed class TaskVolumes
{
    private const string SecretDirectory = "/run/secrets";

    private readonly List<V1Volume> volumes = [];
    private readonly List<V1VolumeMount> mounts = [];

    public TaskVolumes(ContainerSpec container, SwarmOptions options, Func<string, string> fill)
    {
        foreach (var mount in container.Mounts ?? [])
        {
            Add(VolumeOf(mount, options, fill), new V1VolumeMount
            {
                MountPath = fill(mount.Target),
                ReadOnlyProperty = mount.ReadOnly ? true : null,
                SubPath = string.IsNullOrEmpty(mount.VolumeOptions?.Subpath) ? null : mount.VolumeOptions.Subpath,
                MountPropagation = mount.BindOptions?.Propagation switch { "rslave" or "slave" => "HostToContainer", "rshared" or "shared" => "Bidirectional", _ => null },
            });
        }

        AddSecrets(container.Secrets ?? []);
        foreach (var config in container.Configs?.Where(config => config.File is not null) ?? [])
        {
            var target = config.File!.Name;
            Add(
                new V1Volume { ConfigMap = new V1ConfigMapVolumeSource { Name = ObjectNames.Subdomain(config.Name), Items = [new V1KeyToPath { Key = DataKey.Name, Path = DataKey.Name, Mode = config.File.Mode }] } },
                new V1VolumeMount { MountPath = target.StartsWith('/') ? target : "/" + target, SubPath = DataKey.Name, ReadOnlyProperty = true });
        }
    }

    public IList<V1Volume>? Volumes => volumes.Count == 0 ? null : volumes;

    public IList<V1VolumeMount>? Mounts => mounts.Count == 0 ? null : mounts;

    // Those with relative names share one directory; the others are files of their own.
    private void AddSecrets(IReadOnlyList<FileReference> secrets)
    {
        var files = secrets.Where(secret => secret.File is not null).ToLookup(secret => secret.File!.Name.StartsWith('/'));
        if (files[false].Any())
        {
            Add(
                new V1Volume { Projected = new V1ProjectedVolumeSource { Sources = [.. files[false].Select(secret => new V1VolumeProjection { Secret = new V1SecretProjection { Name = ObjectNames.Subdomain(secret.Name), Items = [ItemOf(secret, secret.File!.Name)] } })] } },
                new V1VolumeMount { MountPath = SecretDirectory, ReadOnlyProperty = true });
        }

        foreach (var secret in files[true])
        {
            Add(
                new V1Volume { Secret = new V1SecretVolumeSource { SecretName = ObjectNames.Subdomain(secret.Name), Items = [ItemOf(secret, DataKey.Name)] } },
                new V1VolumeMount { MountPath = secret.File!.Name, SubPath = DataKey.Name, ReadOnlyProperty = true });
        }
    }

    private static V1KeyToPath ItemOf(FileReference secret, string path) => new() { Key = DataKey.Name, Path = path, Mode = secret.File!.Mode };

    private static V1Volume VolumeOf(Mount mount, SwarmOptions options, Func<string, string> fill) => mount.Type switch
    {
        "tmpfs" => new V1Volume
        {
            EmptyDir = new V1EmptyDirVolumeSource
            {
                Medium = "Memory",
                SizeLimit = mount.TmpfsOptions?.SizeBytes > 0 ? new ResourceQuantity(mount.TmpfsOptions.SizeBytes.ToString(CultureInfo.InvariantCulture)) : null,
            },
        },
        "bind" => new V1Volume { HostPath = new V1HostPathVolumeSource { Path = fill(mount.Source ?? ""), Type = mount.BindOptions?.CreateMountpoint == true ? "DirectoryOrCreate" : null } },
        _ when string.IsNullOrEmpty(mount.Source) => new V1Volume { EmptyDir = new V1EmptyDirVolumeSource() },
        _ => new V1Volume { HostPath = new V1HostPathVolumeSource { Path = Path.Combine(options.VolumeDirectory, fill(mount.Source), "_data"), Type = "DirectoryOrCreate" } },
    };

    private void Add(V1Volume volume, V1VolumeMount mount)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"mount-{volumes.Count}");
        volumes.Add(volume with { Name = name });
        mounts.Add(mount with { Name = name });
    }
}

/// <summary>Under which key Secrets and ConfigMaps of the swarm keep what they hold.</summary>
internal static class DataKey
{
    public const string Name = "data";
}
