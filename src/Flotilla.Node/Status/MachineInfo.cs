using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>What stays the same while the machine runs: its names, versions and address.</summary>
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

    /// <summary>The configured address, else the source address of the default route, else any that is not loopback.</summary>
    public static IPAddress Address(NodeOptions options)
    {
        if (options.NodeIp is { } configured)
        {
            return configured;
        }
        try
        {
            // Connecting a datagram socket sends nothing: the kernel only picks the route.
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(new IPAddress([192, 0, 2, 1]), 9);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(link => link.GetIPProperties().UnicastAddresses)
                .Select(unicast => unicast.Address)
                .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
                ?? IPAddress.Loopback;
        }
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
