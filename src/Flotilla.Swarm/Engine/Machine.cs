using System.Globalization;
using System.Runtime.InteropServices;

namespace Flotilla.Swarm.Engine;

/// <summary>This machine, as <c>docker info</c> tells of it.</summary>
internal static class Machine
{
    public static string GoArchitecture => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    public static string KernelVersion { get; } = Read("/proc/sys/kernel/osrelease");

    public static string OperatingSystem { get; } =
        File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?["PRETTY_NAME=".Length..].Trim('"') ?? "Linux"
            : "Linux";

    public static string CgroupVersion { get; } = File.Exists("/sys/fs/cgroup/cgroup.controllers") ? "2" : "1";

    /// <summary>Bytes.</summary>
    public static long Memory { get; } = File.Exists("/proc/meminfo")
        ? long.Parse(File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024
        : 0;

    /// <summary>As <c>uname -m</c> calls Kubernetes' names.</summary>
    public static string ArchitectureOf(string? name) => name switch { "amd64" => "x86_64", "arm64" => "aarch64", "386" => "i686", null => "", _ => name };

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file).Trim() : "";
}
