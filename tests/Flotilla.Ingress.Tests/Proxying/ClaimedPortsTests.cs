using System.Net;
using Flotilla.Ingress.Proxying;
using k8s.Models;

namespace Flotilla.Ingress.Tests.Proxying;

public sealed class ClaimedPortsTests
{
    [Fact]
    public void Ports_at_this_nodes_address_belong_to_the_services_that_have_them()
    {
        V1Service[] services = [Balanced("here", "192.0.2.1", 443), Balanced("elsewhere", "192.0.2.2", 80), Balanced("udp", "192.0.2.1", 53, "UDP")];

        Assert.Equal([KeyValuePair.Create(443, "default/here")], ClaimedPorts.For(services, IPAddress.Parse("192.0.2.1")));
        Assert.Empty(ClaimedPorts.For(services, null));
    }

    private static V1Service Balanced(string name, string address, int port, string protocol = "TCP") => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { Type = "LoadBalancer", Ports = [new V1ServicePort { Port = port, Protocol = protocol }] },
        Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = address }] } },
    };
}
