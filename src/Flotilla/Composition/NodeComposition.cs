using System.Net;
using Flotilla.Local;
using Flotilla.Network;
using Flotilla.Node;
using Flotilla.Node.Serving;
using Flotilla.Server.Identity;

namespace Flotilla.Composition;

/// <summary>What the node agent and the network of this machine must agree on.</summary>
internal static class NodeComposition
{
    private const int NodePrefixLength = 24;
    private const int ClusterDnsOffset = 10;

    // Manifests of storage drivers name it; a second cluster on the machine keeps out of the first one's.
    private const string UsualKubeletDirectory = "/var/lib/kubelet";

    public static NodeOptions NodeOptionsFor(ClusterSettings settings) => new()
    {
        NodeName = settings.NodeName,
        DataDirectory = Path.Combine(settings.DataDirectory, "node"),
        RunDirectory = Path.Combine(settings.RunDirectory, "node"),
        KubeletDirectory = settings.DataDirectory == ClusterSettings.DefaultDataDirectory ? UsualKubeletDirectory : Path.Combine(settings.DataDirectory, "node", "kubelet"),
        ContainerRuntimeEndpoint = settings.ContainerRuntimeEndpoint,
        CniConfigurationDirectory = CniConfigurationDirectory(settings),
        ReservedCpus = settings.ReservedCpus,
        NodeIp = MachineAddresses.Primary(),
        ClusterDns = [ClusterDns(settings).ToString()],
    };

    public static NodeServing ServingFor(ClusterSettings settings, ClusterIdentity identity)
    {
        string[] names = [settings.NodeName, "127.0.0.1", .. MachineAddresses.All().Select(address => address.ToString())];
        return new NodeServing(() => identity.NodeServerCertificate(settings.NodeName, names), identity.CaCertificate);
    }

    public static NetworkOptions NetworkOptionsFor(ClusterSettings settings) => new()
    {
        NodeName = settings.NodeName,
        ClusterPodCidr = IPNetwork.Parse(settings.PodCidr),
        NodePodCidr = new IPNetwork(IPNetwork.Parse(settings.PodCidr).BaseAddress, NodePrefixLength),
        ServiceCidr = IPNetwork.Parse(settings.ServiceCidr),
        ClusterDnsAddress = ClusterDns(settings),
        CniConfigDirectory = CniConfigurationDirectory(settings),
        CniStateDirectory = Path.Combine(settings.DataDirectory, "node", "cni", "networks"),
    };

    public static IPAddress ClusterDns(ClusterSettings settings)
    {
        var address = IPNetwork.Parse(settings.ServiceCidr).BaseAddress.GetAddressBytes();
        address[^1] += ClusterDnsOffset;
        return new IPAddress(address);
    }

    private static string CniConfigurationDirectory(ClusterSettings settings) =>
        Path.Combine(settings.DataDirectory, "node", "cni", "net.d");
}
