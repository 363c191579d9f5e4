using System.Globalization;
using Flotilla.Api.Pods;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>Mounts, secrets and configs of a task as volumes of its Pod.</summary>
internal sealed class TaskVolumes
{
    private const string SecretDirectory = "/run/secrets";
    private const int UsualTmpfsMode = 0b1_111_111_111;

    private readonly List<V1Volume> volumes = [];
    private readonly List<V1VolumeMount> mounts = [];

    private readonly Dictionary<string, string> owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> modes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NamedVolume> named = new(StringComparer.Ordinal);
    private readonly RenderedFiles rendered;

    public TaskVolumes(ContainerSpec container, Func<string, string> fill, RenderedFiles rendered)
    {
        this.rendered = rendered;
        foreach (var mount in container.Mounts ?? [])
        {
            var volume = Add(VolumeOf(mount, fill), new V1VolumeMount
            {
                MountPath = fill(mount.Target),
                ReadOnlyProperty = mount.ReadOnly ? true : null,
                SubPath = string.IsNullOrEmpty(mount.VolumeOptions?.Subpath) ? null : mount.VolumeOptions.Subpath,
                MountPropagation = mount.BindOptions?.Propagation switch { "rslave" or "slave" => "HostToContainer", "rshared" or "shared" => "Bidirectional", _ => null },
            });
            if (mount.Type == "tmpfs")
            {
                modes[volume] = Convert.ToString(mount.TmpfsOptions?.Mode is > 0 and var mode ? mode : UsualTmpfsMode, 8);
            }

            if (mount.IsNamedVolume)
            {
                named[volume] = NamedVolumeOf(mount.VolumeOptions, fill);
            }
        }

        AddSecrets(container.Secrets ?? []);
        foreach (var config in container.Configs?.Where(config => config.File is not null) ?? [])
        {
            var target = config.File!.Name;
            AddFile(config, target.StartsWith('/') ? target : "/" + target);
        }
    }

    public IList<V1Volume>? Volumes => volumes.Count == 0 ? null : volumes;

    public IList<V1VolumeMount>? Mounts => mounts.Count == 0 ? null : mounts;

    /// <summary>Of files, by volume and path, as the node takes them.</summary>
    public IReadOnlyDictionary<string, string> Owners => owners;

    /// <summary>Permissions of directories in memory, by volume, in octal digits.</summary>
    public IReadOnlyDictionary<string, string> Modes => modes;

    /// <summary>What is asked of the node's named volumes, by volume.</summary>
    public IReadOnlyDictionary<string, NamedVolume> Named => named;

    /// <summary>Whether some secret or config is a template.</summary>
    public bool AreRendered { get; private set; }

    // Those with relative names share one directory; the others are files of their own.
    private void AddSecrets(IReadOnlyList<FileReference> secrets)
    {
        var files = secrets.Where(secret => secret.File is not null).ToLookup(secret => secret.File!.Name.StartsWith('/'));
        if (files[false].Any())
        {
            var volume = Add(
                new V1Volume { Projected = new V1ProjectedVolumeSource { Sources = [.. files[false].Select(secret => new V1VolumeProjection { Secret = new V1SecretProjection { Name = ObjectOf(secret), Items = [ItemOf(secret, secret.File!.Name)] } })] } },
                new V1VolumeMount { MountPath = SecretDirectory, ReadOnlyProperty = true });
            foreach (var secret in files[false])
            {
                SetOwner(volume, secret.File!.Name, secret);
            }
        }

        foreach (var secret in files[true])
        {
            AddFile(secret, secret.File!.Name);
        }
    }

    private void AddFile(FileReference file, string target)
    {
        var source = file.ConfigID is not null && !rendered.Contains(file)
            ? new V1Volume { ConfigMap = new V1ConfigMapVolumeSource { Name = ObjectOf(file), Items = [ItemOf(file, DataKey.Name)] } }
            : new V1Volume { Secret = new V1SecretVolumeSource { SecretName = ObjectOf(file), Items = [ItemOf(file, DataKey.Name)] } };
        SetOwner(Add(source, new V1VolumeMount { MountPath = target, SubPath = DataKey.Name, ReadOnlyProperty = true }), DataKey.Name, file);
    }

    private string ObjectOf(FileReference file)
    {
        if (!rendered.Contains(file))
        {
            return ObjectNames.Subdomain(file.Name);
        }

        AreRendered = true;
        return rendered.Secret;
    }

    private V1KeyToPath ItemOf(FileReference file, string path) => new() { Key = rendered.Contains(file) ? RenderedFiles.KeyOf(file) : DataKey.Name, Path = path, Mode = file.File!.Permissions };

    private void SetOwner(string volume, string path, FileReference file)
    {
        if (file.File!.Owner is { } owner)
        {
            owners[$"{volume}/{path}"] = owner;
        }
    }

    private static NamedVolume NamedVolumeOf(VolumeOptions? options, Func<string, string> fill) => new()
    {
        Labels = Filled(options?.Labels, fill),
        Options = Filled(options?.DriverConfig?.Options, fill),
        NoCopy = options?.NoCopy == true,
    };

    private static Dictionary<string, string>? Filled(IReadOnlyDictionary<string, string>? words, Func<string, string> fill) =>
        words is { Count: > 0 } ? words.ToDictionary(word => word.Key, word => fill(word.Value), StringComparer.Ordinal) : null;

    private static V1Volume VolumeOf(Mount mount, Func<string, string> fill) => mount.Type switch
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
        _ when !mount.IsNamedVolume => new V1Volume { EmptyDir = new V1EmptyDirVolumeSource() },
        _ => new V1Volume { HostPath = new V1HostPathVolumeSource { Path = Path.Combine(SwarmOptions.UsualVolumeDirectory, fill(mount.Source ?? ""), "_data"), Type = "DirectoryOrCreate" } },
    };

    private string Add(V1Volume volume, V1VolumeMount mount)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"mount-{volumes.Count}");
        volumes.Add(volume with { Name = name });
        mounts.Add(mount with { Name = name });
        return name;
    }
}

/// <summary>Files that are templates: each task has them in a Secret of its own, filled in when it has a node.</summary>
internal sealed record RenderedFiles(string Secret, Func<string, bool> IsTemplate)
{
    public static string KeyOf(FileReference file) => (file.ConfigID is null ? "secret-" : "config-") + file.Id;

    public bool Contains(FileReference file) => IsTemplate(file.Id);
}

/// <summary>Under which key Secrets and ConfigMaps of the swarm keep what they hold.</summary>
internal static class DataKey
{
    public const string Name = "data";
}
