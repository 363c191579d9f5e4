using System.Net;
using Flotilla.Api.Networks;
using Flotilla.Client.Joining;
using Flotilla.Ingress;
using Flotilla.Local;
using Flotilla.Network;
using Flotilla.Network.Overlay;
using Flotilla.Node;
using Flotilla.Node.Devices;
using Flotilla.Node.Serving;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Swarm.Tasks;
using Flotilla.Upgrades;

namespace Flotilla.Composition;

/// <summary>What the node agent and the network of this machine must agree on.</summary>
internal static class NodeComposition
{
    private const byte ClusterDnsOffset = 10;

    // Manifests of storage drivers name it; a second cluster on the machine keeps out of the first one's.
    private const string UsualKubeletDirectory = "/var/lib/kubelet";

    private static readonly Dictionary<string, string> ServerLabels = new(StringComparer.Ordinal) { [ServerLeases.NodeLabel] = "" };
    private static readonly Dictionary<string, string> NoLabels = [];

    public static NodeOptions NodeOptionsFor(ClusterSettings settings) => new()
    {
        NodeName = settings.NodeName,
        KubeletVersion = $"{ServerStatus.Version}+{Product.Build}",
        DataDirectory = Path.Combine(settings.DataDirectory, "node"),
        RunDirectory = Path.Combine(settings.RunDirectory, "node"),
        KubeletDirectory = settings.DataDirectory == ClusterSettings.DefaultDataDirectory ? UsualKubeletDirectory : Path.Combine(settings.DataDirectory, "node", "kubelet"),
        ContainerRuntimeEndpoint = settings.ContainerRuntimeEndpoint,
        DefaultRuntime = settings.DefaultRuntime,
        CniConfigurationDirectory = CniConfigurationDirectory(settings),
        ReservedCpus = settings.ReservedCpus,
        ReservedMemory = settings.ReservedMemory,
        TopologyPolicy = settings.TopologyPolicy,
        ShutdownGracePeriod = settings.ShutdownGracePeriod,
        ShutdownGracePeriodCriticalPods = settings.ShutdownGracePeriodCriticalPods,
        PlacesWholePods = settings.TopologyScope == "pod",
        NodeIps = MachineAddresses.OfNode(settings),
        ClusterDns = [ClusterDns(settings).ToString()],
        CgroupRoot = settings.CgroupRoot,
        DockerSocket = settings.DockerSocket,
        LeaseDuration = settings.NodeGracePeriod,
        OnNode = TaskOnNode.For(VolumeDirectory(settings)),
        NamedResources = [.. GenericResources.Parse(settings.GenericResources ?? "").Select(kind => new NamedResource(kind.Resource, kind.Variable, kind.Names, kind.AreNamed))],
        NodeLabels = settings.Agent is null ? ServerLabels : NoLabels,
        CertificateLifetime = settings.Agent?.CertificateLifetime ?? TimeSpan.FromHours(24),
        RenewCertificatesAfter = settings.Agent?.RenewCertificatesAfter,
    };

    public static NodeServing ServingFor(ClusterSettings settings, ClusterIdentity identity)
    {
        string[] names = [settings.NodeName, "127.0.0.1", .. MachineAddresses.Of(settings).Select(address => address.ToString())];
        return new NodeServing(() => identity.NodeServerCertificate(settings.NodeName, names), () => identity.Authorities);
    }

    /// <param name="ranges">The node's own parts of the pods' addresses; null: only what is made on the machine is meant.</param>
    public static NetworkOptions NetworkOptionsFor(ClusterSettings settings, IReadOnlyList<IPNetwork>? ranges = null) => new()
    {
        NodeName = settings.NodeName,
        Families = FamiliesOf(settings, ranges ?? NetworkRanges.Parse(settings.PodCidr)),
        ClusterDnsAddress = ClusterDns(settings),
        Backend = settings.NetworkBackend == ClusterSettings.HostGateway ? Backend.HostGateway : Backend.Vxlan,
        NodeAddress = MachineAddresses.OfNode(settings)[0] is var own && !IPAddress.IsLoopback(own) ? own : null,
        CniConfigDirectory = CniConfigurationDirectory(settings),
        CniStateDirectory = Path.Combine(settings.DataDirectory, "node", "cni", "networks"),
        ContainerBridges = EngineServer.OptionsFor(settings).LinkPrefix + "*",
    };

    /// <summary>null: this machine serves no Ingresses.</summary>
    public static IngressOptions? IngressOptionsFor(ClusterSettings settings) => !settings.Ingress.Enabled ? null : new IngressOptions
    {
        NodeName = settings.NodeName,
        HttpPort = settings.Ingress.HttpPort,
        HttpsPort = settings.Ingress.HttpsPort,
        AccessLog = settings.Ingress.AccessLog,
        NodeAddress = MachineAddresses.OfNode(settings)[0],
    };

    /// <summary>In the first of the services' ranges.</summary>
    public static IPAddress ClusterDns(ClusterSettings settings) => NetworkRanges.Parse(settings.ServiceCidr)[0].At(ClusterDnsOffset);

    // A node that is older than the cluster's second family has no part of it.
    private static IReadOnlyList<FamilyNetwork> FamiliesOf(ClusterSettings settings, IReadOnlyList<IPNetwork> ranges)
    {
        var (pods, services) = (NetworkRanges.Parse(settings.PodCidr), NetworkRanges.Parse(settings.ServiceCidr));
        return [.. ranges.Select(range => Family.Of(range.BaseAddress)).Zip(ranges, (family, range) => new FamilyNetwork(range, Of(pods, family), Of(services, family)))];

        static IPNetwork Of(IReadOnlyList<IPNetwork> all, Family family) => all.First(one => family.Has(one.BaseAddress));
    }

    /// <summary>Of named volumes, of containers and of services.</summary>
    public static string VolumeDirectory(ClusterSettings settings) => Path.Combine(settings.DataDirectory, "node", "swarm-volumes");

    private static string CniConfigurationDirectory(ClusterSettings settings) =>
        Path.Combine(settings.DataDirectory, "node", "cni", "net.d");
}
