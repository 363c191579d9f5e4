using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Tests.LoadBalancers;

/// <summary>Services and nodes in the few words a test needs.</summary>
internal static class Balancers
{
    public static V1Service Service(string name, int port = 80, Action<V1Service>? with = null, params string[] addresses)
    {
        var service = new V1Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Annotations = new Dictionary<string, string>() },
            Spec = new V1ServiceSpec { Type = "LoadBalancer", IpFamilies = ["IPv4"], Ports = [new V1ServicePort { Port = port, Protocol = "TCP" }] },
            Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [.. addresses.Select(address => new V1LoadBalancerIngress { Ip = address })] } },
        };
        with?.Invoke(service);
        return service;
    }

    public static V1Service On(this V1Service service, string node)
    {
        service.Metadata.Annotations[LoadBalancing.NodeAnnotation] = node;
        return service;
    }

    public static V1Node Node(string name, string address, bool ready = true) => new()
    {
        ApiVersion = "v1",
        Kind = "Node",
        Metadata = new V1ObjectMeta { Name = name, Annotations = new Dictionary<string, string>(), Labels = new Dictionary<string, string>() },
        Spec = new V1NodeSpec(),
        Status = new V1NodeStatus
        {
            Addresses = [new V1NodeAddress { Type = "InternalIP", Address = address }],
            Conditions = [new V1NodeCondition { Type = "Ready", Status = ready ? "True" : "Unknown" }],
        },
    };
}
