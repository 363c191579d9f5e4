using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Volumes;

/// <summary>What is kept of a volume beside its directory.</summary>
internal sealed record VolumeRecord
{
    public required string Name { get; init; }

    public DateTime Created { get; init; }

    public JsonObject Labels { get; init; } = [];

    public JsonObject Options { get; init; } = [];

    /// <summary>Nobody gave it a name: it may go with its container.</summary>
    public bool IsAnonymous { get; init; }
}

/// <summary>Named volumes of this machine: directories, those that services have made included.</summary>
internal sealed class VolumeStore(EngineOptions options, EventLog events, TimeProvider time)
{
    private readonly Lock gate = new();

    public IReadOnlyList<VolumeRecord> All =>
        !Directory.Exists(options.VolumeDirectory) ? [] : [.. Directory.EnumerateDirectories(options.VolumeDirectory).Select(directory => Path.GetFileName(directory)).Order(StringComparer.Ordinal).Select(Read)];

    public string DirectoryOf(string name) => Path.Combine(options.VolumeDirectory, name, "_data");

    /// <summary>The volume that a directory lies in; null: in none.</summary>
    public string? NameOf(string directory) => directory.StartsWith(options.VolumeDirectory + "/", StringComparison.Ordinal) ? directory[(options.VolumeDirectory.Length + 1)..].Split('/')[0] : null;

    public VolumeRecord? TryFind(string name) => name.Length > 0 && !name.Contains('/', StringComparison.Ordinal) && name is not ("." or "..") && Directory.Exists(Path.Combine(options.VolumeDirectory, name)) ? Read(name) : null;

    public VolumeRecord Find(string name) => TryFind(name) ?? throw new DockerException(404, $"get {name}: no such volume");

    /// <summary>The same again is the one that is there.</summary>
    public VolumeRecord Create(string name, JsonObject spec)
    {
        if (spec.String("Driver") is { Length: > 0 } driver && driver != "local")
        {
            throw new DockerException(404, $"create {name}: error looking up volume plugin {driver}: plugin \"{driver}\" not found");
        }

        if (spec.Object("DriverOpts") is { Count: > 0 } given)
        {
            throw DockerException.BadRequest($"create {name}: the driver \"local\" of Flotilla takes no options ({given.First().Key}); mount it on the machine and use a bind mount");
        }

        var isAnonymous = name.Length == 0;
        var full = isAnonymous ? Ids.New() : Checked(name);
        lock (gate)
        {
            if (TryFind(full) is { } known)
            {
                return known;
            }

            var record = new VolumeRecord { Name = full, Created = time.GetUtcNow().UtcDateTime, Labels = spec.Object("Labels")?.Copy() ?? [], IsAnonymous = isAnonymous };
            RecordFile.Write(FileOf(full), record);
            Directory.CreateDirectory(DirectoryOf(full));
            events.Add("volume", "create", full, ("driver", "local"));
            return record;
        }
    }

    public void Remove(string name)
    {
        lock (gate)
        {
            Directory.Delete(Path.Combine(options.VolumeDirectory, name), recursive: true);
            events.Add("volume", "destroy", name, ("driver", "local"));
        }
    }

    private static string Checked(string name)
    {
        if (name.Length < 2 || !char.IsAsciiLetterOrDigit(name[0]) || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-'))
        {
            throw DockerException.BadRequest(name.Length < 2
                ? "create " + name + ": volume name is too short, names should be at least two alphanumeric characters"
                : $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
        }

        return name;
    }

    private string FileOf(string name) => Path.Combine(options.VolumeDirectory, name, "volume.json");

    private VolumeRecord Read(string name) =>
        RecordFile.Read<VolumeRecord>(FileOf(name)) ?? new VolumeRecord { Name = name, Created = Directory.GetCreationTimeUtc(Path.Combine(options.VolumeDirectory, name)) };
}
