using System.Net.Sockets;
using Flotilla.Network.Policies;
using Flotilla.Network.Services;
using Flotilla.Network.Tests.Policies;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Real packets through real rules of policies. Pods a and b are on one node. Needs root.</summary>
public sealed class PolicyTests(Machine machine) : IClassFixture<Machine>, IAsyncLifetime
{
    private static readonly Dictionary<string, IDictionary<string, string>?> Namespaces = new(StringComparer.Ordinal) { ["default"] = PolicyCompilerTests.Labels("name=default") };
    private readonly NftTable table = new(PolicyTable.Name(Machine.Options), PolicyTable.Script(Machine.Options), PolicyTable.Witness, machine.Node.Commands, NullLogger.Instance);

    /// <summary>The node without services, which hides its pods behind its own address.</summary>
    public async ValueTask InitializeAsync() => await machine.ApplyAsync([], []);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Denied_pods_hear_nobody_but_their_node_and_open_again()
    {
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}}");
        await Talk.AssertSilentAsync(machine.A, "10.244.0.6", 8080);
        Assert.Equal("b 10.244.0.1", await AskAsync(machine.Node));
        Assert.StartsWith("a ", await Talk.AskAsync(machine.B, "10.244.0.5", 8080), StringComparison.Ordinal);
        await ApplyAsync();
        Assert.Equal("b 10.244.0.5", await AskAsync(machine.A));
    }

    [Fact]
    public async Task What_a_policy_allows_by_label_port_and_block_passes()
    {
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}], ports: [{port: 8080}]}]}");
        Assert.Equal("b 10.244.0.5", await AskAsync(machine.A));
        await Talk.AssertSilentAsync(machine.A, "10.244.0.6", 8080, ProtocolType.Udp);
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: c}}}]}]}");
        await Talk.AssertSilentAsync(machine.A, "10.244.0.6", 8080);
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/24, except: [10.244.0.6/32]}}], ports: [{port: web}]}]}");
        Assert.Equal("b 10.244.0.5", await AskAsync(machine.A));
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/24, except: [10.244.0.5/32]}}]}]}");
        await Talk.AssertSilentAsync(machine.A, "10.244.0.6", 8080);
    }

    [Fact]
    public async Task Egress_is_closed_to_pods_the_world_and_the_node_and_opened_by_rules()
    {
        await ApplyAsync("{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]}");
        await Talk.AssertSilentAsync(machine.A, "10.244.0.6", 8080);
        await Talk.AssertSilentAsync(machine.A, "192.168.77.2", 8080);
        await Talk.AssertSilentAsync(machine.A, "192.168.77.1", 9);
        Assert.Equal("a 10.244.0.1", await Talk.AskAsync(machine.Node, "10.244.0.5", 8080));
        await ApplyAsync("{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: web}]}, {to: [{ipBlock: {cidr: 192.168.77.0/24}}]}]}");
        Assert.Equal("b 10.244.0.5", await AskAsync(machine.A));
        Assert.Equal("outside 192.168.77.1", await Talk.AskAsync(machine.A, "192.168.77.2", 8080));
        Assert.Equal("refused", await Talk.AskAsync(machine.A, "192.168.77.1", 9));
    }

    [Fact]
    public async Task Services_lead_where_policies_allow_and_to_the_pod_itself()
    {
        await machine.ApplyAsync([Given.Service("web", "10.96.0.7")], [Given.Slice("web", 8080, "10.244.0.6")]);
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress, Egress]}");
        await Talk.AssertSilentAsync(machine.A, "10.96.0.7", 80);
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.B, "10.96.0.7", 80));
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {}}]}]}");
        Assert.Equal("b 10.244.0.5", await Talk.AskAsync(machine.A, "10.96.0.7", 80));
    }

    [Fact]
    public async Task Clients_outside_are_told_apart_by_their_address()
    {
        await machine.ApplyAsync(
            [Given.Service("web", "10.96.0.7", service => { service.Spec.Type = "NodePort"; service.Spec.ExternalTrafficPolicy = "Local"; }, Given.Port(80, nodePort: 30081))],
            [Given.Slice("web", 8080, "10.244.0.6")]);
        await machine.Outside.IpAsync("route replace default via 192.168.77.1");
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{ipBlock: {cidr: 192.168.77.2/32}}]}]}");
        Assert.Equal("b 192.168.77.2", await Talk.AskAsync(machine.Outside, "192.168.77.1", 30081));
        await ApplyAsync("{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{ipBlock: {cidr: 192.168.77.3/32}}]}]}");
        await Talk.AssertSilentAsync(machine.Outside, "192.168.77.1", 30081);
    }

    private static PolicyPod[] Pods =>
    [
        new("default", "a", PolicyCompilerTests.Labels("app=a"), "10.244.0.5", true, [new("web", "tcp", 8080)]),
        new("default", "b", PolicyCompilerTests.Labels("app=b"), "10.244.0.6", true, [new("web", "tcp", 8080)]),
    ];

    private Task<string> AskAsync(NetNamespace from) => Talk.AskAsync(from, "10.244.0.6", 8080);

    private Task ApplyAsync(params string[] specs)
    {
        var policies = specs.Select((spec, i) => PolicyCompilerTests.Policy($"p{i}", spec)).ToList<V1NetworkPolicy>();
        table.Rules.Set("policies", null, PolicyCompiler.For(policies, Pods, Namespaces));
        return WriteAsync();
    }

    private async Task WriteAsync()
    {
        await table.ApplyAsync(default);
        Assert.Equal(1, table.FullWrites);
    }
}
