using System.Net.Sockets;
using Flotilla.Network.Policies;
using Flotilla.Network.Services;
using Flotilla.Network.Tests.Policies;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

public sealed class Policy4Tests(Machine machine) : PolicyTests(machine, Plan.V4);

public sealed class Policy6Tests(Machine machine) : PolicyTests(machine, Plan.V6)
{
    [Fact]
    public async Task Addresses_of_the_link_are_no_way_around()
    {
        var shown = await World.B.Commands.DoAsync("ip", ["-j", "-6", "addr", "show", "dev", "eth0", "scope", "link"], default);
        var link = await World.A.Commands.DoAsync("ip", ["netns", "exec", World.A.Name, "cat", "/sys/class/net/eth0/ifindex"], default);
        var address = $"{shown.Split('"').First(word => word.StartsWith("fe80:", StringComparison.Ordinal))}%{link.Trim()}";
        await World.Node.Commands.RunAsync("nft", ["delete", "table", "ip6", Machine.Options.PolicyTableName], default);
        Assert.StartsWith("b ", await Talk.AskAsync(World.A, address, 8080), StringComparison.Ordinal);
        await ApplyAsync("{podSelector: {}, policyTypes: [Ingress, Egress]}");
        await Talk.AssertSilentAsync(World.A, address, 8080);
        Assert.Equal($"b {Plan.V6.Gateway}", await Talk.AskAsync(World.Node, Plan.V6.B, 8080));
    }
}

/// <summary>Real packets through real rules of policies. Pods a and b are on one node. Needs root.</summary>
public abstract class PolicyTests(Machine machine, Plan plan) : IClassFixture<Machine>, IAsyncLifetime
{
    private protected Machine World => machine;

    private static readonly Dictionary<string, IDictionary<string, string>?> Namespaces = new(StringComparer.Ordinal) { ["default"] = PolicyCompilerTests.Labels("name=default") };
    private readonly NftTable table = new(PolicyTable.Name(Machine.Options, plan.Family), PolicyTable.Script(Machine.Options, plan.Family), PolicyTable.Witness, machine.Node.Commands, NullLogger.Instance);

    /// <summary>The node without services, which hides its pods behind its own address.</summary>
    public async ValueTask InitializeAsync() => await machine.ApplyAsync([], []);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Denied_pods_hear_nobody_but_their_node_and_open_again()
    {
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}}");
        await Talk.AssertSilentAsync(machine.A, plan.B, 8080);
        Assert.Equal($"b {plan.Gateway}", await AskAsync(machine.Node));
        Assert.StartsWith("a ", await Talk.AskAsync(machine.B, plan.A, 8080), StringComparison.Ordinal);
        await ApplyAsync();
        Assert.Equal($"b {plan.A}", await AskAsync(machine.A));
    }

    [Fact]
    public async Task What_a_policy_allows_by_label_port_and_block_passes()
    {
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}], ports: [{port: 8080}]}]}");
        Assert.Equal($"b {plan.A}", await AskAsync(machine.A));
        await Talk.AssertSilentAsync(machine.A, plan.B, 8080, ProtocolType.Udp);
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: c}}}]}]}");
        await Talk.AssertSilentAsync(machine.A, plan.B, 8080);
        await ApplyAsync($"{{podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{from: [{{ipBlock: {{cidr: {plan.Pods}0/{Subnet}, except: [{plan.B}/{plan.Family.Bits}]}}}}], ports: [{{port: web}}]}}]}}");
        Assert.Equal($"b {plan.A}", await AskAsync(machine.A));
        await ApplyAsync($"{{podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{from: [{{ipBlock: {{cidr: {plan.Pods}0/{Subnet}, except: [{plan.A}/{plan.Family.Bits}]}}}}]}}]}}");
        await Talk.AssertSilentAsync(machine.A, plan.B, 8080);
    }

    [Fact]
    public async Task Egress_is_closed_to_pods_the_world_and_the_node_and_opened_by_rules()
    {
        await ApplyAsync("{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]}");
        await Talk.AssertSilentAsync(machine.A, plan.B, 8080);
        await Talk.AssertSilentAsync(machine.A, plan.Outside, 8080);
        await Talk.AssertSilentAsync(machine.A, plan.Node, 9);
        Assert.Equal($"a {plan.Gateway}", await Talk.AskAsync(machine.Node, plan.A, 8080));
        await ApplyAsync($"{{podSelector: {{matchLabels: {{app: a}}}}, policyTypes: [Egress], egress: [{{to: [{{podSelector: {{matchLabels: {{app: b}}}}}}], ports: [{{port: web}}]}}, {{to: [{{ipBlock: {{cidr: {plan.Link}0/{Subnet}}}}}]}}]}}");
        Assert.Equal($"b {plan.A}", await AskAsync(machine.A));
        Assert.Equal($"outside {plan.Node}", await Talk.AskAsync(machine.A, plan.Outside, 8080));
        Assert.Equal("refused", await Talk.AskAsync(machine.A, plan.Node, 9));
    }

    [Fact]
    public async Task Services_lead_where_policies_allow_and_to_the_pod_itself()
    {
        await machine.ApplyAsync([Given.Service("web", plan.Web)], [Given.Slice("web", 8080, plan.B)]);
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress, Egress]}");
        await Talk.AssertSilentAsync(machine.A, plan.Web, 80);
        Assert.Equal($"b {plan.Gateway}", await Talk.AskAsync(machine.B, plan.Web, 80));
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {}}]}]}");
        Assert.Equal($"b {plan.A}", await Talk.AskAsync(machine.A, plan.Web, 80));
    }

    [Fact]
    public async Task Clients_outside_are_told_apart_by_their_address()
    {
        await machine.ApplyAsync(
            [Given.Service("web", plan.Web, service => { service.Spec.Type = "NodePort"; service.Spec.ExternalTrafficPolicy = "Local"; }, Given.Port(80, nodePort: 30081))],
            [Given.Slice("web", 8080, plan.B)]);
        await machine.Outside.IpAsync($"{plan.Family.Flag} route replace default via {plan.Node}");
        await ApplyAsync($"{{podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{from: [{{ipBlock: {{cidr: {plan.Outside}/{plan.Family.Bits}}}}}]}}]}}");
        Assert.Equal($"b {plan.Outside}", await Talk.AskAsync(machine.Outside, plan.Node, 30081));
        await ApplyAsync($"{{podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{from: [{{ipBlock: {{cidr: {plan.Link}3/{plan.Family.Bits}}}}}]}}]}}");
        await Talk.AssertSilentAsync(machine.Outside, plan.Node, 30081);
    }

    private int Subnet => plan.Family == Family.V4 ? 24 : 64;

    private PolicyPod[] Pods =>
    [
        new("default", "a", PolicyCompilerTests.Labels("app=a"), plan.A, true, [new("web", "tcp", 8080)]),
        new("default", "b", PolicyCompilerTests.Labels("app=b"), plan.B, true, [new("web", "tcp", 8080)]),
    ];

    private Task<string> AskAsync(NetNamespace from) => Talk.AskAsync(from, plan.B, 8080);

    protected Task ApplyAsync(params string[] specs)
    {
        var policies = specs.Select((spec, i) => PolicyCompilerTests.Policy($"p{i}", spec)).ToList<V1NetworkPolicy>();
        table.Rules.Set("policies", null, PolicyCompiler.For(plan.Family, policies, Pods, Namespaces));
        return WriteAsync();
    }

    private async Task WriteAsync()
    {
        await table.ApplyAsync(default);
        Assert.Equal(1, table.FullWrites);
    }
}
