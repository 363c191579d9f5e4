using Flotilla.Api.Selectors;
using Flotilla.Network.Services;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>
/// Who stands behind the peers of policies' rules. Pods that a selector finds are one set of addresses, shared by all
/// rules with that selector: a pod that comes or goes is one element, however many policies there are.
/// </summary>
internal sealed class PolicyPeers(Family family, RuleSet rules, IReadOnlyCollection<PolicyPod> pods, IReadOnlyDictionary<string, IDictionary<string, string>?> namespaces)
{
    private readonly Dictionary<string, IReadOnlyList<PolicyPod>> found = new(StringComparer.Ordinal);

    /// <summary>Expressions of which one must hold.</summary>
    /// <param name="side"><c>saddr</c> or <c>daddr</c>.</param>
    public List<string> Matches(string ns, IEnumerable<V1NetworkPolicyPeer>? peers, string side)
    {
        var all = (peers ?? []).ToList();
        if (all.Count == 0)
        {
            return [""];
        }

        List<string> matches = [.. all.Where(peer => peer.IpBlock is null).Select(peer => $"{family.Ip} {side} @{SetOf(ns, peer)}").Distinct(StringComparer.Ordinal)];
        if (AddressRanges.For(family, all.Select(peer => peer.IpBlock).OfType<V1IPBlock>()) is { Count: > 0 } ranges)
        {
            matches.Add($"{family.Ip} {side} {{ {string.Join(", ", ranges)} }}");
        }

        return matches;
    }

    /// <summary>The pods among the peers; all there are, where a rule has no peers.</summary>
    public IEnumerable<PolicyPod> PodsOf(string ns, IEnumerable<V1NetworkPolicyPeer>? peers)
    {
        var all = (peers ?? []).ToList();
        return all.Count == 0 ? pods : all.Where(peer => peer.IpBlock is null).SelectMany(peer => Find(ns, peer)).Distinct();
    }

    private string SetOf(string ns, V1NetworkPolicyPeer peer)
    {
        var name = $"peers/{Digest.Of(Key(ns, peer))}";
        if (rules.Sets.TryAdd(name, $"type {family.Type};"))
        {
            foreach (var pod in Find(ns, peer))
            {
                rules.Add(name, pod.Address);
            }
        }

        return name;
    }

    private IReadOnlyList<PolicyPod> Find(string ns, V1NetworkPolicyPeer peer)
    {
        var key = Key(ns, peer);
        if (!found.TryGetValue(key, out var list))
        {
            var wanted = LabelSelector.Of(peer.PodSelector) ?? LabelSelector.Everything;
            var spaces = LabelSelector.Of(peer.NamespaceSelector) is { } selector
                ? namespaces.Where(space => selector.Matches(space.Value)).Select(space => space.Key).ToHashSet(StringComparer.Ordinal)
                : [ns];
            found.Add(key, list = [.. pods.Where(pod => spaces.Contains(pod.Namespace) && wanted.Matches(pod.Labels))]);
        }

        return list;
    }

    // A selector of namespaces finds the same wherever its policy is.
    private static string Key(string ns, V1NetworkPolicyPeer peer) =>
        $"{(peer.NamespaceSelector is { } spaces ? $"in {Text(spaces)}" : $"of {ns}")}; {(peer.PodSelector is { } wanted ? Text(wanted) : "")}";

    private static string Text(V1LabelSelector selector) => string.Join(
        ',',
        LabelSelector.Of(selector)!.Requirements
            .Select(one => $"{one.Key} {one.Operator} ({string.Join('|', one.Values.Order(StringComparer.Ordinal))})")
            .Order(StringComparer.Ordinal));
}
