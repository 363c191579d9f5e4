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

        Assert.Equal("goto service/default/web/tcp/80", rules.Elements["service-addresses"]["10.96.0.7 . tcp . 80"]);
        Assert.Equal(
            ["meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.0.6 . 8080 }"],
            rules.Chains["service/default/web/tcp/80"]);
        Assert.Contains("10.244.0.5 . 10.244.0.5", rules.Elements["hairpin"].Keys);
    }

    [Fact]
    public void A_service_without_endpoints_refuses()
    {
        var rules = Compile([Given.Service("web", "10.96.0.7", NodePort, Given.Port(80, nodePort: 30080))], []);

        Assert.Equal("goto refuse", rules.Elements["no-endpoint-addresses"]["10.96.0.7 . tcp . 80"]);
        Assert.Equal("goto refuse", rules.Elements["no-endpoint-node-ports"]["tcp . 30080"]);
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

        var alone = Balance.For(Given.Port(80), [Given.NamedSlice("web", 80, null, "TCP", leaving)], Given.Node);
        var replaced = Balance.For(Given.Port(80), [Given.NamedSlice("web", 80, null, "TCP", [.. leaving, Given.Endpoint("10.244.0.7")])], Given.Node);

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

        Assert.Equal(5353, Assert.Single(Balance.For(Given.Port(53, "udp", "UDP"), slices, Given.Node).All).Port);
        Assert.Empty(Balance.For(Given.Port(53, "udp"), slices, Given.Node).All);
    }

    [Fact]
    public void Internal_policy_local_uses_endpoints_of_this_node_or_drops()
    {
        var service = Given.Service("web", "10.96.0.7", one => one.Spec.InternalTrafficPolicy = "Local");
        var both = Given.NamedSlice("web", 80, null, "TCP", Given.Endpoint("10.244.0.5"), Given.Endpoint("10.244.1.5", "node-2"));
        var far = Given.NamedSlice("web", 80, null, "TCP", Given.Endpoint("10.244.1.5", "node-2"));

        Assert.Equal(["meta l4proto tcp dnat ip to 10.244.0.5:80"], Compile([service], [both]).Chains["local/default/web/tcp/80"]);
        Assert.Equal("drop", Compile([service], [far]).Elements["service-addresses"]["10.96.0.7 . tcp . 80"]);
    }

    [Fact]
    public void Traffic_from_outside_is_masqueraded_unless_the_policy_is_local()
    {
        var slice = Given.Slice("web", 80, "10.244.0.5");
        var cluster = Compile([Given.Service("web", "10.96.0.7", NodePort, Given.Port(80, nodePort: 30080))], [slice]);
        var local = Compile(
            [Given.Service("web", "10.96.0.7", service => { NodePort(service); service.Spec.ExternalTrafficPolicy = "Local"; }, Given.Port(80, nodePort: 30080))],
            [slice]);

        Assert.Equal("goto outside/default/web/tcp/80", cluster.Elements["node-ports"]["tcp . 30080"]);
        Assert.Equal(["jump mark-for-masquerade", "goto service/default/web/tcp/80"], cluster.Chains["outside/default/web/tcp/80"]);
        Assert.Equal("goto local/default/web/tcp/80", local.Chains["outside/default/web/tcp/80"][^1]);
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

        Assert.Equal("goto outside/default/web/tcp/80", rules.Elements["service-addresses"]["192.0.2.9 . tcp . 80"]);
        Assert.Equal("goto balanced/default/web/tcp/80", rules.Elements["service-addresses"]["203.0.113.1 . tcp . 80"]);
        Assert.Equal("ip saddr != { 198.51.100.0/24 } drop", rules.Chains["balanced/default/web/tcp/80"][0]);
        Assert.Equal(3, rules.Elements["service-addresses"].Count);
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

        Assert.Equal(2, rules.AffinitySets.Count);
        Assert.All(rules.AffinitySets.Values, seconds => Assert.Equal(60, seconds));
        Assert.Equal(3, rules.Chains["service/default/web/tcp/80"].Count);
    }

    [Fact]
    public void Equal_rule_sets_need_no_script_and_changes_touch_only_what_changed()
    {
        V1Service[] services = [Given.Service("web", "10.96.0.7"), Given.Service("db", "10.96.0.8")];
        var db = Given.Slice("db", 5432, "10.244.0.9");
        var before = Compile(services, [db, Given.Slice("web", 80, "10.244.0.5")]);
        var same = Compile(services, [db, Given.Slice("web", 80, "10.244.0.5")]);
        var after = Compile(services, [db, Given.Slice("web", 80, "10.244.0.6")]);

        Assert.Equal("", RuleScript.Difference("t", before, same));
        var script = RuleScript.Difference("t", before, after);
        Assert.Equal(
            """
            flush chain ip t service/default/web/tcp/80
            add rule ip t service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.0.6:80
            delete element ip t hairpin { 10.244.0.5 . 10.244.0.5 }
            add element ip t hairpin { 10.244.0.6 . 10.244.0.6 }

            """,
            script);
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
        var rules = new ServiceCompiler(Options).Compile([], [], PodPorts.Of(pod));
        Assert.Equal("10.244.0.5 . 80", rules.Elements["host-ports"]["tcp . 8080"]);

        pod.Status.Phase = "Succeeded";
        Assert.Empty(PodPorts.Of(pod));
        pod.Status.Phase = "Running";
        pod.Spec.HostNetwork = true;
        Assert.Empty(PodPorts.Of(pod));
    }

    private static void NodePort(V1Service service) => service.Spec.Type = "NodePort";

    private static RuleSet Compile(IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices) =>
        new ServiceCompiler(Options).Compile(services, slices, []);
}
