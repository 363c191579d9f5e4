using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Volumes.Local;

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

    [JsonIgnore]
    public IReadOnlyDictionary<string, string> OptionWords => WordsOf(Options);

    /// <summary>It is a file system of its own, which is there only while somebody uses it.</summary>
    [JsonIgnore]
    public bool IsMounted => LocalOptions.AskForMount(OptionWords);

    public static IReadOnlyDictionary<string, string> WordsOf(JsonObject options) => options.ToDictionary(option => option.Key, option => option.Value?.ToString() ?? "", StringComparer.Ordinal);
}

/// <summary>Named volumes of this machine: directories, those that services have made included.</summary>
internal sealed class VolumeStore(EngineOptions options, EventLog events, TimeProvider time)
{
    private readonly Lock gate = new();

    public IReadOnlyList<VolumeRecord> All =>
        !Directory.Exists(options.VolumeDirectory) ? [] : [.. Directory.EnumerateDirectories(options.VolumeDirectory).Select(directory => Path.GetFileName(directory)).Order(StringComparer.Ordinal).Select(Read)];

    public string DirectoryOf(string name) => Path.Combine(PlaceOf(name), "_data");

    /// <summary>What is kept of it, and its directory.</summary>
    public string PlaceOf(string name) => Path.Combine(options.VolumeDirectory, name);

    /// <summary>As the kernel's table of mounts has it. The volume itself is not looked at: its server may not answer.</summary>
    public string RealDirectoryOf(string name) => Path.Combine(ScopedPath.Resolve("/", options.VolumeDirectory), name, "_data");

    /// <summary>The volume that a directory lies in; null: in none.</summary>
    public string? NameOf(string directory) => directory.StartsWith(options.VolumeDirectory + "/", StringComparison.Ordinal) ? directory[(options.VolumeDirectory.Length + 1)..].Split('/')[0] : null;

    public VolumeRecord? TryFind(string name) => name.Length > 0 && !name.Contains('/', StringComparison.Ordinal) && name is not ("." or "..") && Directory.Exists(PlaceOf(name)) ? Read(name) : null;

    public VolumeRecord Find(string name) => TryFind(name) ?? throw new DockerException(404, $"get {name}: no such volume");

    /// <summary>The same again is the one that is there.</summary>
    public VolumeRecord Create(string name, JsonObject spec)
    {
        if (spec.String("Driver") is { Length: > 0 } driver && driver != "local")
        {
            throw new DockerException(404, $"create {name}: error looking up volume plugin {driver}: plugin \"{driver}\" not found");
        }

        var isAnonymous = name.Length == 0;
        var full = isAnonymous ? Ids.New() : Checked(name);
        lock (gate)
        {
            // As dockerd does, whatever options come with it. One that was cut off at its beginning is made anew.
            if (TryFind(full) is { } known && (File.Exists(FileOf(full)) || Directory.Exists(DirectoryOf(full))))
            {
                return known;
            }

            var driverOptions = spec.Object("DriverOpts")?.Copy() ?? [];
            if (LocalOptions.Fault(VolumeRecord.WordsOf(driverOptions)) is { } fault)
            {
                throw DockerException.BadRequest($"create {full}: {fault}");
            }

            var record = new VolumeRecord { Name = full, Created = time.GetUtcNow().UtcDateTime, Labels = spec.Object("Labels")?.Copy() ?? [], Options = driverOptions, IsAnonymous = isAnonymous };
            RecordFile.Write(FileOf(full), record);
            Directory.CreateDirectory(DirectoryOf(full));
            events.Add("volume", "create", full, ("driver", "local"));
            return record;
        }
    }

    /// <summary>With all that is in it; of one that is a file system of its own, nothing but the empty directory.</summary>
    /// <exception cref="DockerException">That directory is not empty.</exception>
    public void Remove(VolumeRecord volume)
    {
        lock (gate)
        {
            if (volume.IsMounted && Directory.Exists(DirectoryOf(volume.Name)))
            {
                RemoveEmpty(volume.Name);
            }

            Directory.Delete(PlaceOf(volume.Name), recursive: true);
            events.Add("volume", "destroy", volume.Name, ("driver", "local"));
        }
    }

    private void RemoveEmpty(string name)
    {
        try
        {
            Directory.Delete(DirectoryOf(name));
        }
        catch (IOException failure)
        {
            throw new DockerException(500, $"remove {name}: {failure.Message}");
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

    private string FileOf(string name) => Path.Combine(PlaceOf(name), "volume.json");

    private VolumeRecord Read(string name) =>
        RecordFile.Read<VolumeRecord>(FileOf(name)) ?? new VolumeRecord { Name = name, Created = Directory.GetCreationTimeUtc(PlaceOf(name)) };
}
