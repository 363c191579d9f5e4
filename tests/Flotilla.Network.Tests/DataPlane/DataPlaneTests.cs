using System.Net.Sockets;
using Flotilla.Network.Cni;
using Flotilla.Network.Services;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

public sealed class DataPlane4Tests(Machine machine) : DataPlaneTests(machine, Plan.V4);

public sealed class DataPlane6Tests(Machine machine) : DataPlaneTests(machine, Plan.V6);

/// <summary>Real packets through real nftables rules, in network namespaces. Needs root.</summary>
public abstract class DataPlaneTests(Machine machine, Plan plan) : IClassFixture<Machine>
{
    private readonly V1EndpointSlice onlyB = Given.Slice("web", 8080, plan.B);

    private string Web => plan.Web;

    // Linux lets nothing out that came from the loopback of IPv6.
    private string ByLoopback => plan.Family == Family.V4 ? $"b {plan.Gateway}" : "refused";

    [Fact]
    public async Task A_cluster_address_reaches_a_pod_on_the_same_bridge_which_sees_who_asked()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal($"b {plan.A}", await Talk.AskAsync(machine.A, Web, 80));
    }

    [Fact]
    public async Task A_pod_reaches_itself_through_its_service()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal($"b {plan.Gateway}", await Talk.AskAsync(machine.B, Web, 80));
    }

    [Fact]
    public async Task The_node_reaches_services_without_a_default_route()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal($"b {plan.Gateway}", await Talk.AskAsync(machine.Node, Web, 80));
    }

    [Fact]
    public async Task Connections_are_spread_over_all_endpoints()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [Given.Slice("web", 8080, plan.A, plan.B)]);
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
            [Given.Slice("web", 8080, plan.A, plan.B)]);
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

        Assert.Equal($"b {plan.Gateway}", await Talk.AskAsync(machine.Outside, plan.Node, 30080));
        Assert.Equal($"b {plan.Gateway}", await Talk.AskAsync(machine.Node, plan.Node, 30080));
        Assert.Equal(ByLoopback, await Talk.AskAsync(machine.Node, plan.Loopback, 30080));
        Assert.StartsWith("b ", await Talk.AskAsync(machine.A, plan.Gateway, 30080), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_external_policy_local_the_pod_sees_the_client()
    {
        await machine.ApplyAsync([NodePort(service => service.Spec.ExternalTrafficPolicy = "Local")], [onlyB]);
        await machine.Outside.IpAsync($"{plan.Family.Flag} route replace default via {plan.Node}");

        Assert.Equal($"b {plan.Outside}", await Talk.AskAsync(machine.Outside, plan.Node, 30080));
        Assert.Equal(ByLoopback, await Talk.AskAsync(machine.Node, plan.Loopback, 30080));
    }

    [Fact]
    public async Task External_addresses_lead_to_the_service()
    {
        await machine.ApplyAsync([Given.Service("web", Web, service => service.Spec.ExternalIPs = [plan.Node])], [onlyB]);

        Assert.Equal($"b {plan.Gateway}", await Talk.AskAsync(machine.Outside, plan.Node, 80));
    }

    [Fact]
    public async Task Without_endpoints_and_on_unknown_ports_connections_are_refused_at_once()
    {
        await machine.ApplyAsync([NodePort(), Given.Service("full", plan.Services + "8")], [Given.Slice("full", 8080, plan.B)]);

        Assert.Equal("refused", await Talk.AskAsync(machine.A, Web, 80));
        Assert.Equal("refused", await Talk.AskAsync(machine.Node, Web, 80));
        Assert.Equal("refused", await Talk.AskAsync(machine.Outside, plan.Node, 30080));
        Assert.Equal("refused", await Talk.AskAsync(machine.A, plan.Services + "8", 81));
        Assert.Equal("refused", await Talk.AskAsync(machine.Node, plan.Services + "99", 80));
    }

    [Fact]
    public async Task Endpoints_appear_and_go_without_touching_the_rest()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], []);
        Assert.Equal("refused", await Talk.AskAsync(machine.A, Web, 80));
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);
        Assert.Equal($"b {plan.A}", await Talk.AskAsync(machine.A, Web, 80));
        await machine.ApplyAsync([], []);
        Assert.Equal("refused", await Talk.AskAsync(machine.A, Web, 80));
    }

    [Fact]
    public async Task Udp_flows_leave_an_endpoint_that_is_gone()
    {
        var service = Given.Service("web", Web, null, Given.Port(80, protocol: "UDP"));
        await machine.ApplyAsync([service], [Given.NamedSlice("web", 8080, null, "UDP", Given.Endpoint(plan.B))]);
        UdpTarget[] old = [new(plan.Web, 80, plan.B)];
        using var client = machine.A.Socket(ProtocolType.Udp, System.Net.IPAddress.Parse(Web).AddressFamily);
        Assert.Equal($"b {plan.A}", await Talk.AskAsync(client, Web, 80));

        await machine.ApplyAsync([service], [Given.NamedSlice("web", 8080, null, "UDP", Given.Endpoint(plan.A))]);
        await new FlowCleaner(machine.Node.Commands, NullLogger.Instance).CleanAsync(old, default);

        Assert.StartsWith("a ", await Talk.AskAsync(client, Web, 80), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_port_leads_to_its_pod()
    {
        await machine.ApplyAsync([], [], new HostPort(null, "TCP", 9090, plan.B, 8080), new HostPort(plan.Loopback, "UDP", 9091, plan.B, 8080));

        Assert.Equal($"b {plan.Outside}", await Talk.AskAsync(machine.Outside, plan.Node, 9090));
        Assert.Equal(ByLoopback, await Talk.AskAsync(machine.Node, plan.Loopback, 9090));
        Assert.Equal(ByLoopback, await Talk.AskAsync(machine.Node, plan.Loopback, 9091, ProtocolType.Udp));
        Assert.StartsWith("b ", await Talk.AskAsync(machine.B, plan.Gateway, 9090), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_reach_the_world_as_the_node()
    {
        await machine.ApplyAsync([], []);

        Assert.Equal($"outside {plan.Node}", await Talk.AskAsync(machine.A, plan.Outside, 8080));
        Assert.Equal($"b {plan.A}", await Talk.AskAsync(machine.A, plan.B, 8080));
    }

    [Fact]
    public async Task Whatever_changes_only_the_change_is_written()
    {
        string[] addresses = [plan.A, plan.B, plan.Pods + "7"];
        await machine.ApplyAsync([], []);
        var writes = machine.TableOf(plan.Family).FullWrites;
        foreach (var count in new[] { 1, 3, 2, 0, 1 })
        {
            foreach (var change in new Action<V1Service>[]
            {
                _ => { },
                service => service.Spec.SessionAffinity = "ClientIP",
                service => service.Spec.InternalTrafficPolicy = "Local",
                service => service.Spec.ExternalIPs = [plan.Node],
                service => (service.Spec.Type, service.Spec.ExternalTrafficPolicy) = ("NodePort", "Local"),
                service => (service.Spec.Type, service.Spec.SessionAffinity) = ("NodePort", "ClientIP"),
            })
            {
                await machine.ApplyAsync(
                    [Given.Service("web", Web, change, Given.Port(80, nodePort: 30080), Given.Port(53, "dns", "UDP"), Given.Port(7, "sctp", "SCTP"))],
                    [Given.Slice("web", 8080, addresses[..count]), Given.NamedSlice("web", 53, "dns", "UDP", [.. addresses[..count].Select(address => Given.Endpoint(address))]), Given.NamedSlice("web", 7, "sctp", "SCTP", [.. addresses[..count].Select(address => Given.Endpoint(address))])],
                    new HostPort(null, "TCP", 9000 + count, plan.B, 8080));
            }
        }

        Assert.Equal(writes, machine.TableOf(plan.Family).FullWrites);
    }

    [Fact]
    public async Task A_flushed_table_is_noticed_and_written_anew()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);
        await machine.Node.Commands.DoAsync("nft", ["flush", "ruleset"], default);
        await machine.TableOf(plan.Family).CheckAsync(default);
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);

        Assert.Equal($"b {plan.A}", await Talk.AskAsync(machine.A, Web, 80));
    }

    [Fact]
    public async Task A_firewall_that_drops_what_is_forwarded_does_not_cut_pods_off()
    {
        await machine.ApplyAsync([Given.Service("web", Web)], [onlyB]);
        await machine.Node.Commands.DoAsync(ForwardingGrant.CommandOf(plan.Family), ["-P", "FORWARD", "DROP"], default);
        await Talk.AssertSilentAsync(machine.A, Web, 80);

        using var grant = new ForwardingGrant(Machine.Options, machine.Node.Commands, TimeProvider.System, NullLogger.Instance);
        Assert.True(await grant.EnsureAsync(default));
        Assert.Equal($"b {plan.A}", await Talk.AskAsync(machine.A, Web, 80));
        await machine.Node.Commands.DoAsync(ForwardingGrant.CommandOf(plan.Family), ["-P", "FORWARD", "ACCEPT"], default);
    }

    private V1Service NodePort(Action<V1Service>? with = null) => Given.Service(
        "web",
        Web,
        service =>
        {
            service.Spec.Type = "NodePort";
            with?.Invoke(service);
        },
        Given.Port(80, nodePort: 30080));
}
