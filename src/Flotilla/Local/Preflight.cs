using System.Net;
using System.Net.Sockets;
using Flotilla.Composition;

namespace Flotilla.Local;

/// <summary>What must hold before a server can start, each said in one sentence when it does not.</summary>
internal static class Preflight
{
    private static readonly string[] CniDirectories = ["/usr/lib/cni", "/opt/cni/bin"];

    public static void CheckPrivilege(string command)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new UserError($"'{command}' creates networks and containers and so needs root; run it with sudo.");
        }
    }

    public static void Check(ClusterSettings settings)
    {
        List<(string Program, string Package)> needed = [("nft", "nftables"), ("ip", "iproute2"), ("sysctl", "procps")];
        if (settings.ContainerRuntimeEndpoint is null)
        {
            needed.AddRange([("containerd", "containerd"), ("ctr", "containerd"), (settings.DefaultRuntime, settings.DefaultRuntime)]);
        }

        var missing = needed.Where(tool => !IsInPath(tool.Program)).ToList();
        if (!CniDirectories.Any(directory => File.Exists(Path.Combine(directory, "bridge"))))
        {
            missing.Add(("the CNI plugins", "containernetworking-plugins"));
        }

        if (missing.Count > 0)
        {
            throw new UserError(
                $"{string.Join(", ", missing.Select(tool => tool.Program))} not found; on Debian: apt-get install {string.Join(' ', missing.Select(tool => tool.Package).Distinct(StringComparer.Ordinal))}");
        }

        NodeAddresses.CheckThere(settings.NodeIp, MachineAddresses.All().ToList());
        if (settings.Agent is null)
        {
            CheckPort(settings.ApiPort);
        }

        if (settings.Datastore.Etcd is not null)
        {
            CheckEtcd();
        }
    }

    public static void CheckEtcd()
    {
        if (!IsInPath("etcd"))
        {
            throw new UserError("etcd not found; on Debian: apt-get install etcd-server");
        }
    }

    private static void CheckPort(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Any, port));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new UserError($"Port {port} is in use by another program; choose another with --api-port.");
        }
    }

    private static bool IsInPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, program)));
}
