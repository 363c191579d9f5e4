using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Volumes;

/// <summary>What <c>-v</c>, <c>--mount</c>, <c>--tmpfs</c>, <c>--volumes-from</c> and the image ask for, as mounts. Volumes that are not there are made.</summary>
internal sealed class MountPlan(VolumeStore volumes, ContainerStore containers)
{
    private static readonly string[] Propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

    /// <exception cref="DockerException">Something about them cannot be.</exception>
    public List<MountRecord> For(JsonObject config, JsonObject host)
    {
        Dictionary<string, MountRecord> mounts = new(StringComparer.Ordinal);
        foreach (var mount in From(host).Concat(Bound(host)).Concat(host.Objects("Mounts").Select(Mounted)))
        {
            if (!mounts.TryAdd(mount.Destination, mount))
            {
                throw DockerException.BadRequest($"Duplicate mount point: {mount.Destination}");
            }
        }

        foreach (var (destination, value) in host.Object("Tmpfs") ?? [])
        {
            mounts[destination] = new MountRecord("tmpfs", "", "", Clean(destination), false, "", value?.ToString() ?? "");
        }

        foreach (var (destination, _) in config.Object("Volumes") ?? [])
        {
            if (!mounts.ContainsKey(Clean(destination)))
            {
                mounts[Clean(destination)] = Volume("", Clean(destination), isReadOnly: false, copiesUp: true, OfDriver(host));
            }
        }

        return [.. mounts.Values];
    }

    private IEnumerable<MountRecord> From(JsonObject host)
    {
        foreach (var word in host.Array("VolumesFrom")?.Select(word => word.AsString() ?? "") ?? [])
        {
            var parts = word.Split(':', 2);
            foreach (var mount in containers.Find(parts[0]).Record.Mounts.Where(mount => mount.Type != "tmpfs"))
            {
                yield return parts.Length == 2 && parts[1].Split(',').Contains("ro") ? mount with { IsReadOnly = true } : mount;
            }
        }
    }

    private IEnumerable<MountRecord> Bound(JsonObject host)
    {
        foreach (var word in host.Array("Binds")?.Select(word => word.AsString() ?? "") ?? [])
        {
            var parts = word.Split(':');
            if (parts.Length is < 2 or > 3)
            {
                throw DockerException.BadRequest($"invalid volume specification: '{word}'");
            }

            var destination = Clean(parts[1]);
            if (!parts[1].StartsWith('/') || destination == "/")
            {
                throw DockerException.BadRequest($"invalid volume specification: '{word}': invalid mount config for type \"{(parts[0].StartsWith('/') ? "bind" : "volume")}\": invalid mount path: '{parts[1]}' mount path must be absolute");
            }

            var modes = parts.Length == 3 ? parts[2].Split(',') : [];
            if (modes.FirstOrDefault(mode => !Propagations.Contains(mode) && mode is not ("ro" or "rw" or "z" or "Z" or "nocopy" or "cached" or "delegated" or "consistent")) is { } unknown)
            {
                throw DockerException.BadRequest($"invalid mode: {unknown}");
            }

            if (!parts[0].StartsWith('/'))
            {
                yield return Volume(parts[0], destination, modes.Contains("ro"), !modes.Contains("nocopy"), OfDriver(host));
                continue;
            }

            // As docker does for -v, never for --mount.
            if (!File.Exists(parts[0]))
            {
                Directory.CreateDirectory(parts[0]);
            }

            yield return new MountRecord("bind", "", parts[0], destination, modes.Contains("ro"), modes.FirstOrDefault(Propagations.Contains) ?? "rprivate");
        }
    }

    private MountRecord Mounted(JsonObject mount)
    {
        var (type, source, target) = (mount.String("Type") ?? "", mount.String("Source") ?? "", mount.String("Target") ?? "");
        if (!target.StartsWith('/'))
        {
            throw DockerException.BadRequest($"invalid mount config for type \"{type}\": invalid mount path: '{target}' mount path must be absolute");
        }

        var isReadOnly = mount.Boolean("ReadOnly") == true;
        switch (type)
        {
            case "bind" when !source.StartsWith('/'):
                throw DockerException.BadRequest("invalid mount config for type \"bind\": invalid mount path: '" + source + "' mount path must be absolute");
            case "bind" when !Path.Exists(source):
                if (mount.Object("BindOptions").Boolean("CreateMountpoint") != true)
                {
                    throw DockerException.BadRequest($"invalid mount config for type \"bind\": bind source path does not exist: {source}");
                }

                Directory.CreateDirectory(source);
                goto case "bind";
            case "bind":
                return new MountRecord("bind", "", source, Clean(target), isReadOnly, mount.Object("BindOptions").String("Propagation") is { Length: > 0 } given ? given : "rprivate");
            case "volume":
                return Volume(source, Clean(target), isReadOnly, mount.Object("VolumeOptions").Boolean("NoCopy") != true, mount.Object("VolumeOptions")?.Copy() ?? [], mount.Object("VolumeOptions").String("Subpath"));
            case "tmpfs":
                return new MountRecord("tmpfs", "", "", Clean(target), isReadOnly, "", TmpfsOptions(mount.Object("TmpfsOptions")));
            default:
                throw DockerException.BadRequest($"invalid mount config for type \"{type}\": mount type unknown: {type}");
        }
    }

    // --volume-driver
    private static JsonObject OfDriver(JsonObject host) => new() { ["DriverConfig"] = new JsonObject { ["Name"] = host.String("VolumeDriver") ?? "" } };

    private MountRecord Volume(string name, string destination, bool isReadOnly, bool copiesUp, JsonObject settings, string? below = null)
    {
        var spec = new JsonObject { ["Labels"] = settings.Object("Labels")?.DeepClone(), ["Driver"] = settings.Object("DriverConfig").String("Name"), ["DriverOpts"] = settings.Object("DriverConfig").Object("Options")?.DeepClone() };
        var volume = volumes.Create(name, spec);
        var source = volumes.DirectoryOf(volume.Name);
        return new MountRecord("volume", volume.Name, string.IsNullOrEmpty(below) ? source : Linux.ScopedPath.Resolve(source, below), destination, isReadOnly, "", "", copiesUp && string.IsNullOrEmpty(below), volume.IsAnonymous, below ?? "");
    }

    private static string TmpfsOptions(JsonObject? options)
    {
        List<string> all = ["noexec"];
        if (options.Integer("SizeBytes") is > 0 and var bytes)
        {
            all.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"size={bytes}"));
        }

        if (options.Integer("Mode") is > 0 and var mode)
        {
            all.Add("mode=" + Convert.ToString(mode, 8));
        }

        return string.Join(',', all);
    }

    private static string Clean(string path) => Path.GetFullPath(path) is var full && full.Length > 1 ? full.TrimEnd('/') : full;
}
