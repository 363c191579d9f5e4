using System.Globalization;
using System.Net;
using k8s.Models;

namespace Flotilla.Simulation;

/// <summary>The objects of one simulated node.</summary>
internal static class SimulatedNode
{
    public const string Label = "flotilla.io/simulated";
    public const string LeaseNamespace = "kube-node-lease";
    private const uint FirstAddress = 0x64400001; // 100.64.0.1, which no network routes.

    public static string Name(SimulationOptions options, int index) => string.Create(CultureInfo.InvariantCulture, $"{options.Prefix}{index}");

    public static string Address(int index) => new IPAddress(BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)(FirstAddress + (uint)index)))).ToString();

    public static V1Node Node(SimulationOptions options, int index, DateTime now)
    {
        var name = Name(options, index);
        var resources = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal)
        {
            ["cpu"] = new(options.Cpu),
            ["memory"] = new(options.Memory),
            ["ephemeral-storage"] = new("1Ti"),
            ["pods"] = new(options.PodsPerNode.ToString(CultureInfo.InvariantCulture)),
        };
        return new V1Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = name, Labels = Labels(options, index, name) },
            Spec = new V1NodeSpec { ProviderID = $"simulated://{name}", Taints = options.Taint is { } taint ? [taint] : null },
            Status = new V1NodeStatus
            {
                Capacity = resources,
                Allocatable = resources,
                Addresses = [new V1NodeAddress { Type = "InternalIP", Address = Address(index) }, new V1NodeAddress { Type = "Hostname", Address = name }],
                Conditions =
                [
                    Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "simulated node has sufficient memory available", now),
                    Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "simulated node has no disk pressure", now),
                    Condition("PIDPressure", "False", "KubeletHasSufficientPID", "simulated node has sufficient PID available", now),
                    Condition("Ready", "True", "KubeletReady", "simulated node is ready", now),
                ],
                NodeInfo = new V1NodeSystemInfo
                {
                    Architecture = "amd64", OperatingSystem = "linux", OsImage = "simulated", KernelVersion = "", KubeletVersion = "v1.36.2",
                    KubeProxyVersion = "", ContainerRuntimeVersion = "simulated://1", BootID = "", MachineID = "", SystemUUID = "",
                },
            },
        };
    }

    public static V1Lease Lease(string name, DateTime now) => new()
    {
        ApiVersion = "coordination.k8s.io/v1",
        Kind = "Lease",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = LeaseNamespace },
        Spec = new V1LeaseSpec { HolderIdentity = name, LeaseDurationSeconds = 40, RenewTime = now },
    };

    private static Dictionary<string, string> Labels(SimulationOptions options, int index, string name)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Label] = "true",
            ["kubernetes.io/hostname"] = name,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = "amd64",
        };
        if (options.Zones > 0)
        {
            labels["topology.kubernetes.io/zone"] = string.Create(CultureInfo.InvariantCulture, $"zone-{(index % options.Zones) + 1}");
            labels["topology.kubernetes.io/region"] = "simulated";
        }

        return labels;
    }

    private static V1NodeCondition Condition(string type, string status, string reason, string message, DateTime now) => new()
    {
        Type = type, Status = status, Reason = reason, Message = message, LastHeartbeatTime = now, LastTransitionTime = now,
    };
}
