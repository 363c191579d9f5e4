using k8s.Models;

namespace Flotilla.Network.Tests;

/// <summary>Services and endpoints in the few words a test needs.</summary>
internal static class Given
{
    public const string Node = "node-1";

    public static V1Service Service(string name, string? clusterIp, Action<V1Service>? with = null, params V1ServicePort[] ports)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1ServiceSpec
            {
                Type = "ClusterIP",
                ClusterIP = clusterIp ?? "None",
                ClusterIPs = [clusterIp ?? "None"],
                Ports = ports.Length > 0 ? ports : [Port(80)],
            },
        };
        with?.Invoke(service);
        return service;
    }

    public static V1ServicePort Port(int port, string? name = null, string protocol = "TCP", int? nodePort = null) =>
        new() { Port = port, Name = name, Protocol = protocol, NodePort = nodePort };

    public static V1EndpointSlice Slice(string service, int port, params string[] addresses) =>
        NamedSlice(service, port, null, "TCP", [.. addresses.Select(address => Endpoint(address))]);

    public static V1EndpointSlice NamedSlice(string service, int port, string? portName, string protocol, params V1Endpoint[] endpoints) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"{service}-{portName}",
            NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service },
        },
        AddressType = endpoints is [{ Addresses: [var first, ..] }, ..] && first.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = portName, Port = port, Protocol = protocol }],
        Endpoints = endpoints,
    };

    public static V1Endpoint Endpoint(string address, string node = Node, bool ready = true, bool serving = true, bool terminating = false, string? hostname = null) => new()
    {
        Addresses = [address],
        NodeName = node,
        Hostname = hostname,
        Conditions = new V1EndpointConditions { Ready = ready, Serving = serving, Terminating = terminating },
    };
}
