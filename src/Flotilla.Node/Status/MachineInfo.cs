using System.Runtime.InteropServices;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>What stays the same while the machine runs: its names and versions.</summary>
internal static class MachineInfo
{
    public static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };

    public static V1NodeSystemInfo NodeInfo(NodeOptions options, string runtimeVersion)
    {
        var machine = Read("/etc/machine-id");
        return new V1NodeSystemInfo
        {
            Architecture = Architecture,
            BootID = Read("/proc/sys/kernel/random/boot_id"),
            ContainerRuntimeVersion = runtimeVersion,
            KernelVersion = Read("/proc/sys/kernel/osrelease"),
            KubeProxyVersion = "",
            KubeletVersion = options.KubeletVersion,
            MachineID = machine,
            OperatingSystem = "linux",
            OsImage = OsImage(),
            SystemUUID = Read("/sys/class/dmi/id/product_uuid") is { Length: > 0 } uuid ? uuid.ToLowerInvariant() : machine,
        };
    }

    public static Dictionary<string, string> Labels(NodeOptions options)
    {
        var labels = new Dictionary<string, string>(options.NodeLabels, StringComparer.Ordinal);
        labels["beta.kubernetes.io/arch"] = Architecture;
        labels["beta.kubernetes.io/os"] = "linux";
        labels["kubernetes.io/arch"] = Architecture;
        labels["kubernetes.io/hostname"] = options.NodeName;
        labels["kubernetes.io/os"] = "linux";
        return labels;
    }

    private static string OsImage()
    {
        const string key = "PRETTY_NAME=";
        var line = Read("/etc/os-release").Split('\n').FirstOrDefault(text => text.StartsWith(key, StringComparison.Ordinal));
        return line is null ? "Linux" : line[key.Length..].Trim('"');
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
