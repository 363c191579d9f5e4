using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Specs;

/// <summary>What a container's specification needs beside its record.</summary>
internal sealed record SpecInput(ContainerRecord Record, UserIdentity User, string CgroupPath, string Hostname)
{
    /// <summary>By kind (<c>network</c>, <c>pid</c>, ...): the namespace to enter; empty: a new one; absent: the machine's.</summary>
    public required IReadOnlyDictionary<string, string> Namespaces { get; init; }

    /// <summary>Files of ours in the container: hosts, names, an init program. Destination and source.</summary>
    public required IReadOnlyList<(string Destination, string Source)> Files { get; init; }
}

/// <summary>A container as the runtime specification has it. Pure but for the devices it looks at.</summary>
internal static class SpecBuilder
{
    private const long SharedMemoryBytes = 64 << 20;
    private static readonly string[] Masked = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"];
    private static readonly string[] Fixed = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public static JsonObject Build(SpecInput input)
    {
        var (record, host) = (input.Record, input.Record.HostConfig);
        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["process"] = Process(input),
            ["root"] = new JsonObject { ["path"] = "rootfs", ["readonly"] = host.Boolean("ReadonlyRootfs") == true },
            ["hostname"] = input.Namespaces.ContainsKey("uts") ? input.Hostname : null,
            ["mounts"] = Mounts(input),
            ["linux"] = Linux(input),
            ["annotations"] = new JsonObject { ["dev.flotilla.engine.name"] = record.Name },
        };
    }

    /// <summary>A process of docker exec, from the container's own.</summary>
    public static JsonObject ProcessOf(ContainerRecord record, UserIdentity user, IReadOnlyList<string> command, string directory, IEnumerable<string> environment, bool hasTerminal, bool isPrivileged)
    {
        var host = record.HostConfig;
        var capabilities = Capabilities.For(isPrivileged || host.Boolean("Privileged") == true, Words(host, "CapAdd"), Words(host, "CapDrop"));
        return new JsonObject
        {
            ["terminal"] = hasTerminal,
            ["user"] = UserOf(user, []),
            ["args"] = WireJson.Array(command.Select(word => (JsonNode)word)),
            ["env"] = WireJson.Array(environment.Select(line => (JsonNode)line)),
            ["cwd"] = directory,
            ["capabilities"] = CapabilitiesOf(capabilities, user),
            ["noNewPrivileges"] = HasSecurityOption(host, "no-new-privileges"),
        };
    }

    public static IEnumerable<string> Environment(ContainerRecord record, string home, string hostname, bool hasTerminal, IEnumerable<string>? more = null)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ["HOSTNAME"] = hostname };
        if (hasTerminal)
        {
            named["TERM"] = "xterm";
        }

        named["HOME"] = home;
        foreach (var line in record.Words("Env").Concat(more ?? []))
        {
            var pair = line.Split('=', 2);
            if (pair.Length == 2)
            {
                named[pair[0]] = pair[1];
            }
            else
            {
                // A name alone takes it away.
                named.Remove(pair[0]);
            }
        }

        return named.Select(pair => $"{pair.Key}={pair.Value}");
    }

    private static JsonObject Process(SpecInput input)
    {
        var (record, host) = (input.Record, input.Record.HostConfig);
        IReadOnlyList<string> command = host.Boolean("Init") == true ? [InitProgram.Path, "--", .. record.Command] : record.Command;
        var directory = record.Config.String("WorkingDir") is { Length: > 0 } given ? given : "/";
        var process = ProcessOf(record, input.User, command, directory, Environment(record, input.User.Home, input.Hostname, record.HasTerminal), record.HasTerminal, isPrivileged: false);
        process["rlimits"] = WireJson.Array(host.Objects("Ulimits").Select(limit => new JsonObject { ["type"] = "RLIMIT_" + limit.String("Name")?.ToUpperInvariant(), ["soft"] = limit.Integer("Soft") ?? 0, ["hard"] = limit.Integer("Hard") ?? 0 }));
        if (host.Integer("OomScoreAdj") is { } score && score != 0)
        {
            process["oomScoreAdj"] = score;
        }

        return process;
    }

    private static JsonObject UserOf(UserIdentity user, IEnumerable<int> more) => new()
    {
        ["uid"] = user.User, ["gid"] = user.Group, ["additionalGids"] = WireJson.Array(user.MoreGroups.Append(user.Group).Concat(more).Distinct().Select(number => (JsonNode)number)),
    };

    // Who is not root has them only to pass on to programs that ask for them by file.
    private static JsonObject CapabilitiesOf(IReadOnlyList<string> names, UserIdentity user)
    {
        var held = user.User == 0 ? names : [];
        return new JsonObject { ["bounding"] = Array(names), ["effective"] = Array(held), ["permitted"] = Array(held) };

        static JsonArray Array(IReadOnlyList<string> list) => WireJson.Array(list.Select(name => (JsonNode)name));
    }

    private static JsonArray Mounts(SpecInput input)
    {
        var host = input.Record.HostConfig;
        var isPrivileged = host.Boolean("Privileged") == true;
        var shared = host.Integer("ShmSize") is > 0 and var size ? size : SharedMemoryBytes;
        string[] guard = isPrivileged ? ["nosuid", "noexec", "nodev"] : ["nosuid", "noexec", "nodev", "ro"];
        List<JsonObject> mounts =
        [
            Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
            Mount("/sys", "sysfs", "sysfs", guard),
            Mount("/sys/fs/cgroup", "cgroup", "cgroup", guard),
        ];
        if (input.Namespaces.TryGetValue("ipc", out var ipc) && ipc.Length == 0)
        {
            mounts.Add(Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
            mounts.Add(Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", $"size={shared}"));
        }
        else
        {
            mounts.Add(Mount("/dev/shm", "bind", "/dev/shm", "rbind", "rprivate", "nosuid", "noexec", "nodev"));
        }

        mounts.AddRange(input.Files.Select(file => Mount(file.Destination, "bind", file.Source, "rbind", "rprivate")));
        var own = input.Record.Mounts.OrderBy(mount => mount.Destination.Count(letter => letter == '/')).ThenBy(mount => mount.Destination, StringComparer.Ordinal);
        mounts.AddRange(own.Select(MountOf));
        return WireJson.Array(mounts.Where(mount => own.All(user => user.Destination != mount.String("destination") || user.Source == mount.String("source") || mount.String("source") == "tmpfs" && user.Type == "tmpfs")));
    }

    private static JsonObject MountOf(MountRecord mount) => mount.Type == "tmpfs"
        ? Mount(mount.Destination, "tmpfs", "tmpfs", ["nosuid", "nodev", .. mount.Options.Split(',', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } given ? given : ["noexec"]])
        : Mount(mount.Destination, "bind", mount.Source, "rbind", mount.IsReadOnly ? "ro" : "rw", mount.Propagation.Length > 0 ? mount.Propagation : "rprivate");

    private static JsonObject Mount(string destination, string type, string source, params IEnumerable<string> options) =>
        new() { ["destination"] = destination, ["type"] = type, ["source"] = source, ["options"] = WireJson.Array(options.Select(option => (JsonNode)option)) };

    private static JsonObject Linux(SpecInput input)
    {
        var host = input.Record.HostConfig;
        var isPrivileged = host.Boolean("Privileged") == true;
        var devices = Devices(host, isPrivileged).ToList();
        var resources = ResourceLimits.Of(host);
        resources["devices"] = ResourceLimits.DeviceRules(host, devices.Select(device => (device.State, device.Access)));
        var linux = new JsonObject
        {
            ["resources"] = resources,
            ["cgroupsPath"] = input.CgroupPath,
            ["namespaces"] = WireJson.Array(input.Namespaces.Select(pair => pair.Value.Length == 0 ? new JsonObject { ["type"] = pair.Key } : new JsonObject { ["type"] = pair.Key, ["path"] = pair.Value })),
            ["devices"] = WireJson.Array(devices.Select(device => DeviceOf(device.Path, device.State))),
            ["sysctl"] = host.Object("Sysctls")?.DeepClone() ?? new JsonObject(),
            ["maskedPaths"] = isPrivileged ? new JsonArray() : WireJson.Array(Masked.Select(path => (JsonNode)path)),
            ["readonlyPaths"] = isPrivileged ? new JsonArray() : WireJson.Array(Fixed.Select(path => (JsonNode)path)),
            ["rootfsPropagation"] = input.Record.Mounts.Any(mount => mount.Propagation is "shared" or "rshared") ? "shared" : input.Record.Mounts.Any(mount => mount.Propagation is "slave" or "rslave") ? "slave" : "",
        };
        if (Seccomp(host, isPrivileged) is { } profile)
        {
            linux["seccomp"] = profile;
        }

        return linux;
    }

    // A privileged one has a profile only if it was given one.
    private static JsonObject? Seccomp(JsonObject host, bool isPrivileged)
    {
        var capabilities = Capabilities.For(isPrivileged, Words(host, "CapAdd"), Words(host, "CapDrop")).ToList();
        return GivenSeccompProfile.Of(Words(host, "SecurityOpt")) is { } given ? GivenSeccompProfile.Parse(given, capabilities, RuntimeInformation.OSArchitecture, System.Environment.OSVersion.Version)
            : isPrivileged || HasSecurityOption(host, "seccomp=unconfined") ? null : SeccompProfile.For(capabilities);
    }

    private static IEnumerable<(string Path, FileState State, string Access)> Devices(JsonObject host, bool isPrivileged)
    {
        foreach (var device in host.Objects("Devices"))
        {
            var path = device.String("PathOnHost") ?? "";
            var state = Native.State(path) ?? throw DockerException.BadRequest($"error gathering device information while adding custom device \"{path}\": no such file or directory");
            yield return (device.String("PathInContainer") is { Length: > 0 } inside ? inside : path, state, device.String("CgroupPermissions") is { Length: > 0 } access ? access : "rwm");
        }

        foreach (var path in isPrivileged ? Directory.EnumerateFiles("/dev") : [])
        {
            if (Native.State(path) is { } state && (state.IsCharacterDevice || state.IsBlockDevice) && path is not ("/dev/console" or "/dev/ptmx"))
            {
                yield return (path, state, "rwm");
            }
        }
    }

    private static JsonObject DeviceOf(string path, FileState state) => new()
    {
        ["path"] = path, ["type"] = state.IsBlockDevice ? "b" : "c", ["major"] = state.Major, ["minor"] = state.Minor, ["fileMode"] = state.Mode & 0xFFF, ["uid"] = state.User, ["gid"] = state.Group,
    };

    private static bool HasSecurityOption(JsonObject host, string option) => Words(host, "SecurityOpt").Any(given => given.Replace(':', '=') == option || given == option + "=true" || given == option + ":true");

    private static IEnumerable<string> Words(JsonObject host, string name) => host.Array(name)?.Select(word => word.AsString() ?? "") ?? [];
}
