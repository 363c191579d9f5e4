using Flotilla.Api.Services;
using Flotilla.Client;
using Flotilla.Network.Services;
using k8s.Models;

namespace Flotilla.Network.Tests.Services;

public sealed class ServiceCompilerTests
{
    private static readonly NetworkOptions Options = new() { NodeName = Given.Node };

    [Fact]
    public void A_service_leads_to_its_ready_endpoints()
    {
        var rules = Compile([Given.Service("web", "10.96.0.7")], [Given.Slice("web", 8080, "10.244.0.5", "10.244.0.6")]);

        Assert.Equal("goto tcp-pick-2", Value(rules, "service-addresses", "10.96.0.7 . tcp . 80"));
        Assert.Equal("10.244.0.5 . 8080", Value(rules, "tcp-endpoints", "10.96.0.7 . 80 . 0"));
        Assert.Equal("10.244.0.6 . 8080", Value(rules, "tcp-endpoints", "10.96.0.7 . 80 . 1"));
        Assert.Equal(["dnat ip to ip daddr . tcp dport . numgen random mod 2 map @tcp-endpoints"], rules.Chains["tcp-pick-2"]);
        Assert.Contains(("hairpin", "10.244.0.5 . 10.244.0.5"), rules.Elements.Keys);
    }

    [Fact]
    public void Each_family_has_its_own_part_of_a_service()
    {
        var network = DataPlane.Machine.Options.Families[1];
        var service = Given.Service("web", "10.96.0.7", one =>
        {
            (one.Spec.Type, one.Spec.SessionAffinity, one.Spec.ClusterIPs) = ("LoadBalancer", "ClientIP", ["10.96.0.7", "fd00:10:96::7"]);
            (one.Spec.ExternalIPs, one.Spec.LoadBalancerSourceRanges) = (["192.0.2.9", "2001:db8::9"], ["192.0.2.0/24", "2001:db8::/32"]);
            one.Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "2001:db8::a" }] } };
        });
        var rules = new ServiceCompiler(network, Options.ClusterDnsAddress).For(service, [Given.Slice("web", 8080, "10.244.0.5"), Given.Slice("web", 8080, "fd00:10:244::5")], new NodePlace(Given.Node))!;

        Assert.Equal("goto service/default/web/tcp/80", Value(rules, "service-addresses", "fd00:10:96::7 . tcp . 80"));
        Assert.Equal(["update @clients/default/web/tcp/80/fd00-10-244--5/8080/10800 { ip6 saddr }", "meta l4proto tcp dnat ip6 to [fd00:10:244::5]:8080"], rules.Chains["endpoint/fd00-10-244--5/8080/default/web/tcp/80"]);
        Assert.Equal("type ipv6_addr; flags dynamic,timeout; timeout 10800s;", Assert.Single(rules.Sets).Value);
        Assert.Equal("ip6 saddr != { 2001:db8::/32 } drop", rules.Chains["balanced/default/web/tcp/80/2001-db8--a"][0]);
        Assert.DoesNotContain(rules.Elements, element => element.Key.Element.Contains("10.", StringComparison.Ordinal) || element.Key.Element.Contains("192.", StringComparison.Ordinal));
        Assert.Null(new ServiceCompiler(network, Options.ClusterDnsAddress).For(Given.Service("old", "10.96.0.8"), [], new NodePlace(Given.Node)));
    }

    [Theory]
    [InlineData(null, "host-ports tcp . 8080|host-ports tcp . 8080")]
    [InlineData("0.0.0.0", "host-ports tcp . 8080|")]
    [InlineData("::", "|host-ports tcp . 8080")]
    [InlineData("2001:db8::1", "|host-ports-by-address 2001:db8::1 . tcp . 8080")]
    public void A_host_port_is_of_the_family_that_its_address_is_of(string? address, string expected)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p" },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = 8080, HostIP = address }] }] },
            Status = new V1PodStatus { PodIP = "10.244.0.5", PodIPs = [new V1PodIP { Ip = "10.244.0.5" }, new V1PodIP { Ip = "fd00:10:244::5" }], Phase = "Running" },
        };
        var rules = Family.All.Select(family => ServiceCompiler.For(PodPorts.Of(pod, family))?.Elements.Keys.First(key => key.Collection != "hairpin"));
        Assert.Equal(expected, string.Join('|', rules.Select(key => key is { } one ? $"{one.Collection} {one.Element}" : "")));
    }

    [Fact]
    public void A_whole_address_leads_to_the_same_port_of_its_endpoints_and_to_none_when_there_are_none()
    {
        var service = Given.Service("web", "10.96.0.7", one => one.Metadata.Annotations = new Dictionary<string, string> { [ServiceAnnotations.AllPorts] = "true" });
        var rules = Compile([service], [Given.Slice("web", 8080, "10.244.0.5", "10.244.0.6")]);
        Assert.Equal("goto whole-pick-2", Value(rules, "whole-addresses", "10.96.0.7"));
        Assert.Equal("10.244.0.6", Value(rules, "whole-endpoints", "10.96.0.7 . 1"));
        Assert.Equal("goto tcp-pick-2", Value(rules, "service-addresses", "10.96.0.7 . tcp . 80"));
        Assert.DoesNotContain(("whole-addresses", "10.96.0.7"), Compile([service], []).Elements.Keys);
    }

    [Fact]
    public void A_service_without_endpoints_refuses()
    {
        var rules = Compile([Given.Service("web", "10.96.0.7", NodePort, Given.Port(80, nodePort: 30080))], []);

        Assert.Equal("goto refuse", Value(rules, "no-endpoint-addresses", "10.96.0.7 . tcp . 80"));
        Assert.Equal("goto refuse", Value(rules, "no-endpoint-node-ports", "tcp . 30080"));
        Assert.Empty(rules.Chains);
    }

    [Fact]
    public void Headless_external_and_dns_services_have_no_rules()
    {
        var rules = Compile(
            [
                Given.Service("headless", null),
                Given.Service("external", "", service => service.Spec.Type = "ExternalName"),
                Given.Service("kube-dns", "10.96.0.10"),
            ],
            [Given.Slice("headless", 80, "10.244.0.5")]);

        Assert.Empty(rules.Elements);
    }

    [Fact]
    public void Unready_endpoints_are_used_only_while_they_leave_and_there_are_no_others()
    {
        V1Endpoint[] leaving = [Given.Endpoint("10.244.0.5", ready: false, terminating: true), Given.Endpoint("10.244.0.6", ready: false)];

        var alone = Balance.For(Family.V4, Given.Port(80), [Given.NamedSlice("web", 80, null, "TCP", leaving)], new NodePlace(Given.Node));
        var replaced = Balance.For(Family.V4, Given.Port(80), [Given.NamedSlice("web", 80, null, "TCP", [.. leaving, Given.Endpoint("10.244.0.7")])], new NodePlace(Given.Node));

        Assert.Equal("10.244.0.5", Assert.Single(alone.All).Address);
        Assert.Equal("10.244.0.7", Assert.Single(replaced.All).Address);
    }

    [Fact]
    public void Ports_are_matched_by_name_and_protocol()
    {
        var slices = new[]
        {
            Given.NamedSlice("dns", 5353, "udp", "UDP", Given.Endpoint("10.244.0.5")),
            Given.NamedSlice("dns", 5354, "tcp", "TCP", Given.Endpoint("10.244.0.5")),
        };

        Assert.Equal(5353, Assert.Single(Balance.For(Family.V4, Given.Port(53, "udp", "UDP"), slices, new NodePlace(Given.Node)).All).Port);
        Assert.Empty(Balance.For(Family.V4, Given.Port(53, "udp"), slices, new NodePlace(Given.Node)).All);
    }

    [Fact]
    public void Internal_policy_local_uses_endpoints_of_this_node_or_drops()
    {
        var service = Given.Service("web", "10.96.0.7", one => one.Spec.InternalTrafficPolicy = "Local");
        var both = Given.NamedSlice("web", 80, null, "TCP", Given.Endpoint("10.244.0.5"), Given.Endpoint("10.244.1.5", "node-2"));
        var far = Given.NamedSlice("web", 80, null, "TCP", Given.Endpoint("10.244.1.5", "node-2"));

        Assert.Equal("10.244.0.5 . 80", Value(Compile([service], [both]), "tcp-local-endpoints", "10.96.0.7 . 80 . 0"));
        Assert.Equal("drop", Value(Compile([service], [far]), "service-addresses", "10.96.0.7 . tcp . 80"));
    }

    [Fact]
    public void Traffic_from_outside_is_masqueraded_unless_the_policy_is_local()
    {
        var slice = Given.Slice("web", 80, "10.244.0.5");
        var cluster = Compile([Given.Service("web", "10.96.0.7", NodePort, Given.Port(80, nodePort: 30080))], [slice]);
        var local = Compile(
            [Given.Service("web", "10.96.0.7", service => { NodePort(service); service.Spec.ExternalTrafficPolicy = "Local"; }, Given.Port(80, nodePort: 30080))],
            [slice]);

        Assert.Equal("goto outside-tcp-node-port-pick-1", Value(cluster, "node-ports", "tcp . 30080"));
        Assert.Equal(["jump mark-for-masquerade", "goto tcp-node-port-pick-1"], cluster.Chains["outside-tcp-node-port-pick-1"]);
        Assert.Equal("goto outside-tcp-node-port-pick-1-tcp-node-port-local-pick-1", Value(local, "node-ports", "tcp . 30080"));
        Assert.Equal("goto tcp-node-port-local-pick-1", local.Chains["outside-tcp-node-port-pick-1-tcp-node-port-local-pick-1"][^1]);
    }

    [Fact]
    public void External_and_load_balancer_addresses_lead_to_the_service_too()
    {
        var service = Given.Service("web", "10.96.0.7", one =>
        {
            one.Spec.Type = "LoadBalancer";
            one.Spec.ExternalIPs = ["192.0.2.9", "2001:db8::1"];
            one.Spec.LoadBalancerSourceRanges = ["198.51.100.0/24"];
            one.Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "203.0.113.1" }] } };
        });
        var rules = Compile([service], [Given.Slice("web", 80, "10.244.0.5")]);

        Assert.Equal("goto outside-tcp-pick-1", Value(rules, "service-addresses", "192.0.2.9 . tcp . 80"));
        Assert.Equal("goto balanced/default/web/tcp/80/203.0.113.1", Value(rules, "service-addresses", "203.0.113.1 . tcp . 80"));
        Assert.Equal(["ip saddr != { 198.51.100.0/24 } drop", "goto outside-tcp-pick-1"], rules.Chains["balanced/default/web/tcp/80/203.0.113.1"]);
        Assert.Equal(3, rules.Elements.Keys.Count(key => key.Collection == "service-addresses"));
    }

    [Fact]
    public void Client_affinity_remembers_clients_per_endpoint()
    {
        var service = Given.Service("web", "10.96.0.7", one =>
        {
            one.Spec.SessionAffinity = "ClientIP";
            one.Spec.SessionAffinityConfig = new V1SessionAffinityConfig { ClientIP = new V1ClientIPConfig { TimeoutSeconds = 60 } };
        });
        var rules = Compile([service], [Given.Slice("web", 80, "10.244.0.5", "10.244.0.6")]);

        Assert.Equal(2, rules.Sets.Count);
        Assert.All(rules.Sets.Values, declaration => Assert.Contains("timeout 60s", declaration, StringComparison.Ordinal));
        Assert.Equal(3, rules.Chains["service/default/web/tcp/80"].Count);
    }

    [Fact]
    public void Hints_keep_traffic_near_only_when_every_endpoint_has_one()
    {
        var here = Hinted("10.244.0.5", "zone-a", Given.Node);
        var there = Hinted("10.244.1.5", "zone-b", "node-2");
        var port = Given.Port(80);

        Assert.Equal("10.244.0.5", Assert.Single(Near(new NodePlace(Given.Node, "zone-a"), here, there)).Address);
        Assert.Equal("10.244.1.5", Assert.Single(Near(new NodePlace("node-3", "zone-b"), here, there)).Address);
        Assert.Equal(2, Near(new NodePlace("node-3", "zone-c"), here, there).Count);
        Assert.Equal(2, Near(new NodePlace("node-3"), here, there).Count);
        Assert.Equal(2, Near(new NodePlace("node-3", "zone-b"), here, Given.Endpoint("10.244.1.5")).Count);

        here.Hints.ForNodes = [new V1ForNode { Name = Given.Node }];
        there.Hints.ForNodes = [new V1ForNode { Name = "node-2" }];
        Assert.Equal("10.244.1.5", Assert.Single(Near(new NodePlace("node-2", "zone-a"), here, there)).Address);

        IReadOnlyList<Endpoint> Near(NodePlace node, params V1Endpoint[] endpoints) =>
            Balance.For(Family.V4, port, [Given.NamedSlice("web", 80, null, "TCP", endpoints)], node).Near;

        static V1Endpoint Hinted(string address, string zone, string node)
        {
            var endpoint = Given.Endpoint(address, node);
            endpoint.Hints = new V1EndpointHints { ForZones = [new V1ForZone { Name = zone }] };
            return endpoint;
        }
    }

    [Fact]
    public void Local_traffic_stays_with_a_leaving_endpoint_while_others_are_ready()
    {
        var slice = Given.NamedSlice("web", 80, null, "TCP", Given.Endpoint("10.244.0.5", ready: false, terminating: true), Given.Endpoint("10.244.1.5", "node-2"));
        var balance = Balance.For(Family.V4, Given.Port(80), [slice], new NodePlace(Given.Node));

        Assert.Equal("10.244.1.5", Assert.Single(balance.All).Address);
        Assert.Equal("10.244.0.5", Assert.Single(balance.Local).Address);
    }

    [Fact]
    public void Host_ports_of_running_pods_are_compiled_and_those_of_finished_or_host_pods_are_not()
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p" },
            Spec = new V1PodSpec
            {
                Containers = [new V1Container { Name = "c", Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = 8080 }] }],
            },
            Status = new V1PodStatus { PodIP = "10.244.0.5", Phase = "Running" },
        };
        var rules = ServiceCompiler.For(PodPorts.Of(pod, Family.V4))!;
        Assert.Equal("10.244.0.5 . 80", Value(rules, "host-ports", "tcp . 8080"));

        pod.Status.Phase = "Succeeded";
        Assert.Empty(PodPorts.Of(pod, Family.V4));
        pod.Status.Phase = "Running";
        pod.Spec.HostNetwork = true;
        Assert.Empty(PodPorts.Of(pod, Family.V4));
    }

    private static void NodePort(V1Service service) => service.Spec.Type = "NodePort";

    private static string? Value(RuleSet rules, string collection, string element) => rules.Elements[(collection, element)];

    /// <summary>All services together, in one set of rules.</summary>
    private static RuleSet Compile(IReadOnlyCollection<V1Service> services, IEnumerable<V1EndpointSlice> slices)
    {
        var all = new RuleSet();
        foreach (var service in services)
        {
            if (new ServiceCompiler(Options.Primary, Options.ClusterDnsAddress).For(service, [.. slices.Where(slice => SliceIndex.KeyOf(slice)?.Name == service.Metadata.Name)], new NodePlace(Given.Node)) is { } rules)
            {
                foreach (var (key, value) in rules.Elements)
                {
                    all.Elements[key] = value;
                }

                foreach (var (key, value) in rules.Chains)
                {
                    all.Chains[key] = value;
                }

                foreach (var (key, value) in rules.Sets)
                {
                    all.Sets[key] = value;
                }
            }
        }

        return all;
    }
}
