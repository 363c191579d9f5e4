using System.Globalization;
using Flotilla.Api.Networks;
using Flotilla.Network.Policies;
using Flotilla.Network.Services;
using k8s;
using k8s.Models;

namespace Flotilla.Network.Tests.Policies;

/// <summary>Policies as rules: two pods here (web, db), one elsewhere (far), one of another namespace (other).</summary>
public sealed class PolicyCompilerTests
{
    private static readonly Dictionary<string, IDictionary<string, string>?> Namespaces = new(StringComparer.Ordinal)
    {
        ["default"] = Labels("kubernetes.io/metadata.name=default"), ["team"] = Labels("kubernetes.io/metadata.name=team,tier=inner"),
    };

    private static readonly PolicyPod[] Pods =
    [
        new("default", "web", Labels("app=web"), "10.244.0.5", true, [new("http", "tcp", 8080)]),
        new("default", "db", Labels("app=db,tier=back"), "10.244.0.6", true, [new("http", "tcp", 5432), new("stats", "udp", 9)]),
        new("default", "far", Labels("app=web"), "10.244.1.5", false, [new("http", "tcp", 80)]),
        new("team", "other", Labels("app=web"), "10.244.0.7", true, []),
    ];

    [Fact]
    public void Without_policies_there_are_no_rules() => Assert.Empty(PolicyCompiler.For(Family.V4, [], Pods, Namespaces).Elements);

    [Fact]
    public void A_policy_isolates_pods_of_this_node_and_its_namespace_that_it_selects()
    {
        var rules = Compile("{podSelector: {matchLabels: {app: web}}}");

        Assert.Equal(["drop"], Chain(rules, "ingress", "10.244.0.5"));
        Assert.Equal([("ingress", "10.244.0.5"), ("self", "10.244.0.5 . 10.244.0.5")], rules.Elements.Keys.Order());
    }

    [Fact]
    public void Pods_of_all_nodes_may_be_closed_to_plain_containers()
    {
        var policy = Policy("p", "{podSelector: {matchLabels: {app: web}}}");
        policy.Metadata.Annotations = new Dictionary<string, string> { [NetworkPolicyAnnotations.ClosedToContainers] = "true" };
        var rules = PolicyCompiler.For(Family.V4, [policy], Pods, Namespaces);
        Assert.Equal(["10.244.0.5", "10.244.1.5"], rules.Elements.Keys.Where(key => key.Item1 == "closed").Select(key => key.Item2).Order());
    }

    [Theory]
    [InlineData("{podSelector: {}}", true, false)]
    [InlineData("{podSelector: {}, egress: [{}]}", true, true)]
    [InlineData("{podSelector: {}, policyTypes: [Egress]}", false, true)]
    [InlineData("{podSelector: {}, policyTypes: [Ingress, Egress]}", true, true)]
    public void Directions_are_those_it_names_or_has_rules_for(string spec, bool ingress, bool egress)
    {
        var rules = Compile(spec);
        Assert.Equal(ingress, rules.Elements.ContainsKey(("ingress", "10.244.0.5")));
        Assert.Equal(egress, rules.Elements.ContainsKey(("egress", "10.244.0.5")));
    }

    [Fact]
    public void A_rule_without_peers_and_ports_allows_all() =>
        Assert.Equal(["return comment \"p0\"", "drop"], Chain(Compile("{podSelector: {}, ingress: [{}]}"), "ingress", "10.244.0.5"));

    [Theory]
    [InlineData("[{port: 80}]", "meta l4proto tcp th dport { 80 }")]
    [InlineData("[{port: 80, endPort: 90}, {port: 85}, {port: 91}, {port: 100}]", "meta l4proto tcp th dport { 80-91, 100 }")]
    [InlineData("[{protocol: UDP}]", "meta l4proto udp")]
    [InlineData("[{protocol: SCTP, port: 7}]", "meta l4proto sctp th dport { 7 }")]
    [InlineData("[{protocol: TCP}, {port: 80}]", "meta l4proto tcp")]
    [InlineData("[{port: 1}, {protocol: UDP, port: 2}]", "meta l4proto tcp th dport { 1 }|meta l4proto udp th dport { 2 }")]
    public void Ports_are_numbers_and_ranges_by_protocol(string ports, string expected)
    {
        var chain = Chain(Compile($"{{podSelector: {{}}, ingress: [{{ports: {ports}}}]}}"), "ingress", "10.244.0.5");
        Assert.Equal([.. expected.Split('|').Select(match => $"{match} return comment \"p0\""), "drop"], chain);
    }

    [Theory]
    [InlineData("{podSelector: {matchLabels: {app: web}}}", "10.244.0.5 10.244.1.5")]
    [InlineData("{podSelector: {}}", "10.244.0.5 10.244.0.6 10.244.1.5")]
    [InlineData("{namespaceSelector: {}}", "10.244.0.5 10.244.0.6 10.244.0.7 10.244.1.5")]
    [InlineData("{namespaceSelector: {matchLabels: {tier: inner}}}", "10.244.0.7")]
    [InlineData("{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}", "10.244.0.5 10.244.0.7 10.244.1.5")]
    [InlineData("{namespaceSelector: {matchLabels: {tier: none}}, podSelector: {}}", "")]
    [InlineData("{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}", "10.244.0.6")]
    [InlineData("{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}", "10.244.0.6")]
    [InlineData("{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}, {key: app, operator: In, values: [web, db]}]}}", "10.244.0.5 10.244.1.5")]
    public void Peers_are_the_pods_that_their_selectors_find(string peer, string addresses)
    {
        foreach (var (direction, field, side) in new[] { ("ingress", "from", "saddr"), ("egress", "to", "daddr") })
        {
            var rules = Compile($"{{podSelector: {{}}, policyTypes: [Ingress, Egress], {direction}: [{{{field}: [{peer}]}}]}}");
            var match = Chain(rules, direction, "10.244.0.5")[0];
            var set = match.Split('@')[1].Split(' ')[0];
            Assert.Equal($"ip {side} @{set} return comment \"p0\"", match);
            Assert.Equal("type ipv4_addr;", rules.Sets[set]);
            Assert.Equal(addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries), Elements(rules, set));
        }
    }

    [Theory]
    [InlineData("{cidr: 10.0.0.0/8}", "10.0.0.0-10.255.255.255")]
    [InlineData("{cidr: 10.1.2.3/32}", "10.1.2.3")]
    [InlineData("{cidr: 0.0.0.0/0, except: [10.0.0.0/8, 169.254.0.0/16]}", "0.0.0.0-9.255.255.255, 11.0.0.0-169.253.255.255, 169.255.0.0-255.255.255.255")]
    [InlineData("{cidr: 10.0.0.0/24, except: [10.0.0.0/25]}", "10.0.0.128-10.0.0.255")]
    [InlineData("{cidr: 10.0.0.0/24, except: [10.0.0.255/32, 10.0.0.10/32]}", "10.0.0.0-10.0.0.9, 10.0.0.11-10.0.0.254")]
    public void Blocks_are_ranges_without_their_exceptions(string block, string ranges) => Assert.Equal(
        [$"ip saddr {{ {ranges} }} return comment \"p0\"", "drop"],
        Chain(Compile($"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}"), "ingress", "10.244.0.5"));

    [Fact]
    public void Blocks_that_overlap_are_joined_and_those_of_another_family_left_out()
    {
        const string blocks = "[{ipBlock: {cidr: 10.0.0.0/24}}, {ipBlock: {cidr: 10.0.1.0/24}}, {ipBlock: {cidr: 10.0.0.128/25}}, {ipBlock: {cidr: 'fd00::/64'}}]";
        Assert.Equal(
            ["ip saddr { 10.0.0.0-10.0.1.255 } return comment \"p0\"", "drop"],
            Chain(Compile($"{{podSelector: {{}}, ingress: [{{from: {blocks}}}]}}"), "ingress", "10.244.0.5"));
        Assert.Equal(["drop"], Chain(Compile("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 'fd00::/64'}}]}]}"), "ingress", "10.244.0.5"));
    }

    [Fact]
    public void Every_peer_may_use_every_port()
    {
        var chain = Chain(
            Compile("{podSelector: {}, ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 10.1.2.3/32}}], ports: [{port: 80}, {protocol: UDP, port: 53}]}]}"), "ingress", "10.244.0.5");
        Assert.Equal(5, chain.Count);
        Assert.Equal("ip saddr { 10.1.2.3 } meta l4proto udp th dport { 53 } return comment \"p0\"", chain[3]);
    }

    [Fact]
    public void A_named_port_is_what_each_receiving_pod_calls_so()
    {
        var rules = Compile("{podSelector: {}, ingress: [{ports: [{port: http}]}]}");
        var match = Chain(rules, "ingress", "10.244.0.5")[0];
        var set = match.Split('@')[1].Split(' ')[0];
        Assert.Equal($"ip daddr . meta l4proto . th dport @{set} return comment \"p0\"", match);
        Assert.Equal(["10.244.0.5 . tcp . 8080", "10.244.0.6 . tcp . 5432"], Elements(rules, set));

        var egress = Compile("{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: http}, {port: stats}]}]}");
        set = Chain(egress, "egress", "10.244.0.5")[0].Split('@')[1].Split(' ')[0];
        Assert.Equal(["10.244.0.5 . tcp . 8080", "10.244.1.5 . tcp . 80"], Elements(egress, set));
    }

    [Fact]
    public void What_one_of_several_policies_allows_is_allowed_and_pods_with_the_same_policies_share_a_chain()
    {
        var rules = Compile("{podSelector: {}}", "{podSelector: {}, ingress: [{ports: [{port: 80}]}]}", "{podSelector: {matchLabels: {app: db}}, ingress: [{}]}");
        Assert.Equal(["meta l4proto tcp th dport { 80 } return comment \"p1\"", "drop"], Chain(rules, "ingress", "10.244.0.5"));
        Assert.Equal(["meta l4proto tcp th dport { 80 } return comment \"p1\"", "return comment \"p2\"", "drop"], Chain(rules, "ingress", "10.244.0.6"));
        var one = PolicyCompiler.For(Family.V4, [Policy("p", "{podSelector: {}}")], Pods, Namespaces);
        Assert.Equal(one.Elements[("ingress", "10.244.0.5")], one.Elements[("ingress", "10.244.0.6")]);
    }

    [Fact]
    public void A_thousand_peers_are_one_rule_and_one_more_is_one_element()
    {
        List<PolicyPod> many = [.. Enumerable.Range(0, 1000).Select(Client), Pods[0]];
        V1NetworkPolicy[] policies = [Policy("p", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}")];
        var ledger = new RuleLedger();
        ledger.Set("policies", null, PolicyCompiler.For(Family.V4, policies, many, Namespaces));
        Assert.Equal(2, Chain(ledger.Of("policies")!, "ingress", "10.244.0.5").Count);
        ledger.Applied();

        ledger.Set("policies", null, PolicyCompiler.For(Family.V4, policies, [.. many, Client(1000)], Namespaces));
        Assert.Equal("10.245.3.232", Assert.Single(ledger.Change().Elements).Key.Element);
        Assert.Empty(ledger.Change().Chains);

        static PolicyPod Client(int i) => new(
            "default", $"client-{i}", Labels("app=client"), string.Create(CultureInfo.InvariantCulture, $"10.245.{i / 256}.{i % 256}"), false, []);
    }

    [Fact]
    public void Cluster_dns_passes_for_the_pods_that_policies_call_so()
    {
        var dns = PolicyPod.ClusterDns(new NetworkOptions { NodeName = "n" });
        var spaces = new Dictionary<string, IDictionary<string, string>?>(Namespaces, StringComparer.Ordinal) { ["kube-system"] = Labels("kubernetes.io/metadata.name=kube-system") };
        const string spec = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}]}]}";
        var rules = PolicyCompiler.For(Family.V4, [Policy("p", spec)], [.. Pods, dns], spaces);
        var set = Chain(rules, "egress", "10.244.0.5")[0].Split('@')[1].Split(' ')[0];
        Assert.Equal(["10.96.0.10"], Elements(rules, set));
    }

    [Theory]
    [InlineData("Running", false, true)]
    [InlineData("Succeeded", false, false)]
    [InlineData("Failed", false, false)]
    [InlineData("Running", true, false)]
    public void Pods_that_are_over_or_have_the_nodes_own_network_are_left_alone(string phase, bool hostNetwork, bool seen)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default" },
            Spec = new V1PodSpec { NodeName = "n", HostNetwork = hostNetwork, Containers = [new V1Container { Ports = [new V1ContainerPort { ContainerPort = 80, Name = "http" }] }] },
            Status = new V1PodStatus { Phase = phase, PodIP = "10.244.0.9" },
        };
        var found = PolicyPod.For(Family.V4, pod, "n", null);
        Assert.Equal(seen, found is not null);
        Assert.True(found is null || (found.IsLocal && found.Ports is [{ Name: "http", Protocol: "tcp", Number: 80 }]));
        Assert.Equal("10.244.0.10", PolicyPod.For(Family.V4, pod, "n", ["10.244.0.10"])?.Address ?? "10.244.0.10");
    }

    [Fact]
    public void Rules_of_IPv6_know_pods_and_blocks_by_their_addresses_of_it()
    {
        PolicyPod[] pods = [.. Pods.Select((pod, i) => pod with { Address = $"fd00:10:244::{i + 5}" })];
        var spec = "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}, {ipBlock: {cidr: 'fd00::/16', except: ['fd00:1::/32', 'fd00:ffff::/32']}}, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}]}]}";
        var rules = PolicyCompiler.For(Family.V6, [Policy("p", spec)], pods, Namespaces);

        Assert.Contains(rules.Sets, set => set.Key.StartsWith("peers/", StringComparison.Ordinal) && set.Value == "type ipv6_addr;");
        Assert.Contains(rules.Elements.Keys, key => key.Collection.StartsWith("ports/", StringComparison.Ordinal) && key.Element == "fd00:10:244::5 . tcp . 8080");
        Assert.Contains(Chain(rules, "ingress", "fd00:10:244::5"), rule => rule.StartsWith(
            "ip6 saddr { fd00::-fd00:0:ffff:ffff:ffff:ffff:ffff:ffff, fd00:2::-fd00:fffe:ffff:ffff:ffff:ffff:ffff:ffff } ip6 daddr", StringComparison.Ordinal));
    }

    private static RuleSet Compile(params string[] specs) => PolicyCompiler.For(Family.V4, [.. specs.Select((spec, i) => Policy($"p{i}", spec))], Pods, Namespaces);

    internal static V1NetworkPolicy Policy(string name, string spec)
    {
        var policy = KubernetesYaml.Deserialize<V1NetworkPolicy>($"spec: {spec}\n");
        policy.Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" };
        return policy;
    }

    internal static Dictionary<string, string> Labels(string text) =>
        text.Split(',').Select(label => label.Split('=')).ToDictionary(label => label[0], label => label[1], StringComparer.Ordinal);

    private static IReadOnlyList<string> Chain(RuleSet rules, string direction, string address) =>
        rules.Chains[rules.Elements[(direction, address)]!["jump ".Length..]];

    private static IEnumerable<string> Elements(RuleSet rules, string set) =>
        rules.Elements.Keys.Where(key => key.Collection == set).Select(key => key.Element).Order(StringComparer.Ordinal);
}
