using System.Globalization;
using Flotilla.Api.Networks;
using Flotilla.Api.Selectors;
using Flotilla.Network.Services;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>
/// Network policies compiled to rules of one family for the pods of this node. Pure. Pods that the same policies select share one
/// chain per direction: it returns for what one of them allows, and drops the rest.
/// </summary>
public sealed class PolicyCompiler(Family family, IReadOnlyCollection<PolicyPod> pods, IReadOnlyDictionary<string, IDictionary<string, string>?> namespaces)
{
    private const int MaxComment = 100;
    private readonly RuleSet rules = new();
    private PolicyPeers peers = null!;

    /// <param name="pods">All of the cluster, whatever their node, by their addresses of the family.</param>
    /// <param name="namespaces">Their labels by name.</param>
    public static RuleSet For(
        Family family, IEnumerable<V1NetworkPolicy> policies, IReadOnlyCollection<PolicyPod> pods, IReadOnlyDictionary<string, IDictionary<string, string>?> namespaces) =>
        new PolicyCompiler(family, pods, namespaces).Compile([.. policies.OrderBy(policy => policy.Metadata.Name, StringComparer.Ordinal)]);

    private RuleSet Compile(List<V1NetworkPolicy> policies)
    {
        peers = new PolicyPeers(family, rules, pods, namespaces);
        var bySpace = policies.ToLookup(policy => policy.Metadata.NamespaceProperty);
        foreach (var pod in pods.Where(pod => pod.IsLocal))
        {
            var selecting = bySpace[pod.Namespace].Where(policy => Selects(policy, pod)).ToList();
            Isolate(pod, PolicyTable.Ingress, [.. selecting.Where(policy => AppliesTo(policy, "Ingress"))]);
            Isolate(pod, PolicyTable.Egress, [.. selecting.Where(policy => AppliesTo(policy, "Egress"))]);
        }

        foreach (var policy in policies.Where(policy => policy.Metadata.Annotations?.TryGetValue(NetworkPolicyAnnotations.ClosedToContainers, out var closed) == true && closed == "true"))
        {
            foreach (var pod in pods.Where(pod => pod.Namespace == policy.Metadata.NamespaceProperty && Selects(policy, pod)))
            {
                rules.Add(PolicyTable.Closed, pod.Address);
            }
        }

        return rules;
    }

    private static bool Selects(V1NetworkPolicy policy, PolicyPod pod) =>
        (LabelSelector.Of(policy.Spec?.PodSelector) ?? LabelSelector.Everything).Matches(pod.Labels);

    private static bool AppliesTo(V1NetworkPolicy policy, string direction) => policy.Spec?.PolicyTypes is { Count: > 0 } types
        ? types.Contains(direction)
        : direction == "Ingress" || policy.Spec?.Egress is { Count: > 0 };

    private void Isolate(PolicyPod pod, string direction, List<V1NetworkPolicy> policies)
    {
        if (policies.Count == 0)
        {
            return;
        }

        var chain = $"{direction}/{pod.Namespace}/{Digest.Of(string.Join('/', policies.Select(policy => policy.Metadata.Name)))}";
        if (!rules.Chains.ContainsKey(chain))
        {
            rules.Chains[chain] = [.. policies.SelectMany(policy => direction == PolicyTable.Ingress ? Ingress(policy) : Egress(policy)), "drop"];
        }

        rules.Add(direction, pod.Address, $"jump {chain}");
        rules.Add(PolicyTable.Self, $"{pod.Address} . {pod.Address}");
    }

    private IEnumerable<string> Ingress(V1NetworkPolicy policy)
    {
        var ns = policy.Metadata.NamespaceProperty;
        return (policy.Spec?.Ingress ?? []).SelectMany((rule, i) =>
        {
            var sources = peers.Matches(ns, rule.FromProperty, "saddr");
            var ports = PolicyPorts.For(rule.Ports);
            var matches = Product(sources, ports.Matches);

            // A name means whatever the receiving pod calls so.
            var receivers = pods.Where(pod => pod.IsLocal && pod.Namespace == ns && Selects(policy, pod));
            return Named(policy, PolicyTable.Ingress, i, ports, receivers) is { } set
                ? matches.Concat(Product(sources, [$"{family.Ip} daddr . meta l4proto . th dport @{set}"]))
                : matches;
        }).Select(match => Allow(policy, match));
    }

    private IEnumerable<string> Egress(V1NetworkPolicy policy)
    {
        var ns = policy.Metadata.NamespaceProperty;
        return (policy.Spec?.Egress ?? []).SelectMany((rule, i) =>
        {
            var ports = PolicyPorts.For(rule.Ports);
            var matches = Product(peers.Matches(ns, rule.To, "daddr"), ports.Matches);
            return Named(policy, PolicyTable.Egress, i, ports, peers.PodsOf(ns, rule.To)) is { } set
                ? matches.Append($"{family.Ip} daddr . meta l4proto . th dport @{set}")
                : matches;
        }).Select(match => Allow(policy, match));
    }

    /// <summary>The set of addresses and ports that the names of a rule stand for; null: it has no names.</summary>
    private string? Named(V1NetworkPolicy policy, string direction, int rule, PolicyPorts ports, IEnumerable<PolicyPod> receivers)
    {
        if (ports.Names.Count == 0)
        {
            return null;
        }

        var set = $"ports/{Digest.Of(string.Create(CultureInfo.InvariantCulture, $"{direction}/{policy.Metadata.NamespaceProperty}/{policy.Metadata.Name}/{rule}"))}";
        rules.Sets[set] = $"type {family.Type} . inet_proto . inet_service;";
        foreach (var pod in receivers)
        {
            foreach (var port in pod.Ports.Where(port => ports.Names.Contains((port.Name, port.Protocol))))
            {
                rules.Add(set, string.Create(CultureInfo.InvariantCulture, $"{pod.Address} . {port.Protocol} . {port.Number}"));
            }
        }

        return set;
    }

    private static IEnumerable<string> Product(IReadOnlyCollection<string> peers, IReadOnlyCollection<string> ports) =>
        peers.SelectMany(peer => ports.Select(port => $"{peer} {port}".Trim()));

    private static string Allow(V1NetworkPolicy policy, string match)
    {
        var name = policy.Metadata.Name;
        return $"{match} return comment \"{(name.Length > MaxComment ? name[..MaxComment] : name)}\"".TrimStart();
    }
}
