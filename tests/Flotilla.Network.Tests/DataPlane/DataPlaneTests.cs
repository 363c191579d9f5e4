using System.Net.Sockets;
using Flotilla.Network.Cni;
using Flotilla.Network.Services;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Real packets through real nftables rules, in network namespaces. Needs root.</summary>
public sealed class DataPlaneTests(Machine machine) : IClassFixture<Machine>
{
    private const string Web = "10.96.0.7";
    private readonly V1EndpointSlice onlyB = Given.Slice("web", 8080, "10.244.0.6");

    [Fact]
    public async Task A_cluster_address_reaches_a_pod_on_the_same_bridge_which_sees_who_asked()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(machine.A, Web, 80));
    }

    [Fact]
    public async Task A_pod_reaches_itself_through_its_service()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.B, Web, 80));
    }

    [Fact]
    public async Task The_node_reaches_services_without_a_default_route()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Node, Web, 80));
    }

    [Fact]
    public async Task Connections_are_spread_over_all_endpoints()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [Given.Slice("web", 8080, "10.244.0.5", "10.244.0.6")]);
        var answers = new HashSet<string>();
        for (var i = 0; i < 30; i++)
        {
            answers.Add((await Talk.AskAsync(machine.Node, Web, 80)).Split(' ')[0]);
        }

        Assert.Equal(["a", "b"], answers.Order());
    }

    [Fact]
    public async Task A_client_with_affinity_keeps_its_endpoint()
    {
        await machine.ApplyAsync(
            [Given.Service("web", Web, service => service.Spec.SessionAffinity = "ClientIP")],
            [Given.Slice("web", 8080, "10.244.0.5", "10.244.0.6")]);
        var answers = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            answers.Add((await Talk.AskAsync(machine.Node, Web, 80)).Split(' ')[0]);
        }

        Assert.Contains(Assert.Single(answers), new[] { "a", "b" });
    }

    [Fact]
    public async Task A_node_port_answers_on_every_address_of_the_node_and_on_loopback()
    {
        await machine.ApplyAsync([NodePort()], [onlyB]);

        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Outside, "192.168.77.1", 30080));
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Node, "192.168.77.1", 30080));
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Node, "127.0.0.1", 30080));
        Assert.StartsWith("b ", await Talk.AskAsync(machine.A, "10.244.0.1", 30080), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_external_policy_local_the_pod_sees_the_client()
    {
        await machine.ApplyAsync([NodePort(service => service.Spec.ExternalTrafficPolicy = "Local")], [onlyB]);
        await machine.Outside.IpAsync("route replace default via 192.168.77.1");

        Assert.Equal("b 192.168.77.2", await Talk.AskAsync(machine.Outside, "192.168.77.1", 30080));
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Node, "127.0.0.1", 30080));
    }

    [Fact]
    public async Task External_addresses_lead_to_the_service()
    {
        await machine.ApplyAsync([Given.Service("web", Web, service => service.Spec.ExternalIPs = ["192.168.77.1"])], [onlyB]);

        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Outside, "192.168.77.1", 80));
    }

    [Fact]
    public async Task Without_endpoints_and_on_unknown_ports_connections_are_refused_at_once()
    {
        await machine.ApplyAsync([NodePort(), Given.Service("full", "10.96.0.8")], [Given.Slice("full", 8080, "10.244.0.6")]);

        Assert.Equal("refused", await Talk.AskAsync(machine.A, Web, 80));
        Assert.Equal("refused", await Talk.AskAsync(machine.Node, Web, 80));
        Assert.Equal("refused", await Talk.AskAsync(machine.Outside, "192.168.77.1", 30080));
        Assert.Equal("refused", await Talk.AskAsync(machine.A, "10.96.0.8", 81));
        Assert.Equal("refused", await Talk.AskAsync(machine.Node, "10.96.0.99", 80));
    }

    [Fact]
    public async Task Endpoints_appear_and_go_without_touching_the_rest()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], []);
        Assert.Equal("refused", await Talk.AskAsync(machine.A, Web, 80));
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);
        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(machine.A, Web, 80));
        await machine.ApplyAsync([], []);
        Assert.Equal("refused", await Talk.AskAsync(machine.A, Web, 80));
    }

    [Fact]
    public async Task Udp_flows_leave_an_endpoint_that_is_gone()
    {
        var service = Given.Service("web", Web, null, Given.Port(80, protocol: "UDP"));
        await machine.ApplyAsync([service], [Given.NamedSlice("web", 8080, null, "UDP", Given.Endpoint("10.244.0.6"))]);
        UdpTarget[] old = [new("10.96.0.7", 80, "10.244.0.6")];
        using var client = machine.A.Socket(ProtocolType.Udp);
        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(client, Web, 80));

        await machine.ApplyAsync([service], [Given.NamedSlice("web", 8080, null, "UDP", Given.Endpoint("10.244.0.5"))]);
        await new FlowCleaner(machine.Node.Commands, NullLogger.Instance).CleanAsync(old, default);

        Assert.StartsWith("a ", await Talk.AskAsync(client, Web, 80), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_port_leads_to_its_pod()
    {
        await machine.ApplyAsync([], [], new HostPort(null, "TCP", 9090, "10.244.0.6", 8080), new HostPort("127.0.0.1", "UDP", 9091, "10.244.0.6", 8080));

        Assert.Equal("b 192.168.77.2", await Talk.AskAsync(machine.Outside, "192.168.77.1", 9090));
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Node, "127.0.0.1", 9090));
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.Node, "127.0.0.1", 9091, ProtocolType.Udp));
        Assert.StartsWith("b ", await Talk.AskAsync(machine.B, "10.244.0.1", 9090), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_reach_the_world_as_the_node()
    {
        await machine.ApplyAsync([], []);

        Assert.Equal("outside 192.168.77.1", await Talk.AskAsync(machine.A, "192.168.77.2", 8080));
        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(machine.A, "10.244.0.6", 8080));
    }

    [Fact]
    public async Task Whatever_changes_only_the_change_is_written()
    {
        string[] addresses = ["10.244.0.5", "10.244.0.6", "10.244.0.7"];
        await machine.ApplyAsync([], []);
        var writes = machine.Table.FullWrites;
        foreach (var count in new[] { 1, 3, 2, 0, 1 })
        {
            foreach (var change in new Action<V1Service>[]
            {
                _ => { },
                service => service.Spec.SessionAffinity = "ClientIP",
                service => service.Spec.InternalTrafficPolicy = "Local",
                service => service.Spec.ExternalIPs = ["192.168.77.1"],
                service => (service.Spec.Type, service.Spec.ExternalTrafficPolicy) = ("NodePort", "Local"),
                service => (service.Spec.Type, service.Spec.SessionAffinity) = ("NodePort", "ClientIP"),
            })
            {
                await machine.ApplyAsync(
                    [Given.Service("web", Web, change, Given.Port(80, nodePort: 30080), Given.Port(53, "dns", "UDP"), Given.Port(7, "sctp", "SCTP"))],
                    [Given.Slice("web", 8080, addresses[..count]), Given.NamedSlice("web", 53, "dns", "UDP", [.. addresses[..count].Select(address => Given.Endpoint(address))]), Given.NamedSlice("web", 7, "sctp", "SCTP", [.. addresses[..count].Select(address => Given.Endpoint(address))])],
                    new HostPort(null, "TCP", 9000 + count, "10.244.0.6", 8080));
            }
        }

        Assert.Equal(writes, machine.Table.FullWrites);
    }

    [Fact]
    public async Task A_flushed_table_is_noticed_and_written_anew()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);
        await machine.Node.Commands.DoAsync("nft", ["flush", "ruleset"], default);
        await machine.Table.CheckAsync(default);
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(machine.A, Web, 80));
    }

    [Fact]
    public async Task A_firewall_that_drops_what_is_forwarded_does_not_cut_pods_off()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);
        await machine.Node.Commands.DoAsync("iptables", ["-P", "FORWARD", "DROP"], default);
        await Talk.AssertSilentAsync(machine.A, Web, 80);

        using var grant = new ForwardingGrant(Machine.Options, machine.Node.Commands, TimeProvider.System, NullLogger.Instance);
        Assert.True(await grant.EnsureAsync(default));
        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(machine.A, Web, 80));
        await machine.Node.Commands.DoAsync("iptables", ["-P", "FORWARD", "ACCEPT"], default);
    }

    private static V1Service NodePort(Action<V1Service>? with = null) => Given.Service(
        "web",
        Web,
        service =>
        {
            service.Spec.Type = "NodePort";
            with?.Invoke(service);
        },
        Given.Port(80, nodePort: 30080));
}
