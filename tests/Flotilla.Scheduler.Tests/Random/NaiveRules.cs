using k8s.Models;

namespace Flotilla.Scheduler.Tests.Random;

/// <summary>The plugins' rules by the letter, over plain lists of objects: slow, and nothing shared with the scheduler.</summary>
internal sealed class NaiveRules(RandomCluster cluster, V1Pod pod)
{
    public static readonly string[] Filters = ["NodeUnschedulable", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity"];
    public static readonly string[] Scorers = ["TaintToleration", "NodeAffinity", "NodeResourcesFit", "NodeResourcesBalancedAllocation", "ImageLocality", "PodTopologySpread", "InterPodAffinity"];
    private const string Never = "Unresolvable: ";
    private const string No = "Unschedulable: ";

    public string Filter(string plugin, string nodeName)
    {
        var node = Node(nodeName);
        return plugin switch
        {
            "NodeUnschedulable" => node.Spec.Unschedulable == true ? Never + "node(s) were unschedulable" : "fits",
            "TaintToleration" => Taints(node).Any(taint => taint.Effect is "NoSchedule" or "NoExecute" && !Tolerates(taint)) ? Never + "node(s) had untolerated taint(s)" : "fits",
            "NodeAffinity" => Selected(node) ? "fits" : Never + "node(s) didn't match Pod's node affinity/selector",
            "NodePorts" => PortsFree(node) ? "fits" : No + "node(s) didn't have free ports for the requested pod ports",
            "NodeResourcesFit" => Resources(node),
            "PodTopologySpread" => Spread(node),
            _ => Inter(node),
        };
    }

    public string Score(string plugin, string[] names)
    {
        var nodes = names.Select(Node).ToArray();
        return plugin switch
        {
            "TaintToleration" => Show(Reversed(nodes.Select(node => (long)Taints(node).Count(taint => taint.Effect == "PreferNoSchedule" && !Tolerates(taint))).ToArray())),
            "NodeAffinity" => Show(Preferred(nodes)),
            "NodeResourcesFit" => Show([.. nodes.Select(Least)]),
            "NodeResourcesBalancedAllocation" => Asked(pod) is (0, 0) ? "none" : Show([.. nodes.Select(Balanced)]),
            "ImageLocality" => Show(Images(nodes)),
            "PodTopologySpread" => SpreadScores(nodes),
            _ => InterScores(nodes),
        };
    }

    private static string Show(long[]? scores) => scores is null ? "none" : string.Join(' ', scores);

    private V1Node Node(string name) => cluster.Nodes.Single(node => node.Metadata.Name == name);

    private IEnumerable<V1Pod> On(V1Node node) => cluster.Placed.Where(placed => placed.Node == node.Metadata.Name).Select(placed => placed.Pod);

    private static IList<V1Taint> Taints(V1Node node) => node.Spec.Taints ?? [];

    private bool Tolerates(V1Taint taint) => (pod.Spec.Tolerations ?? []).Any(one => one.Key == taint.Key && (one.Effect is null || one.Effect == taint.Effect));

    private bool Selected(V1Node node) => (pod.Spec.NodeSelector ?? new Dictionary<string, string>()).All(label => Label(node, label.Key) == label.Value);

    private static string? Label(V1Node node, string key) => node.Metadata.Labels.TryGetValue(key, out var value) ? value : null;

    private bool PortsFree(V1Node node) => !(
        from wanted in pod.Spec.Containers[0].Ports ?? []
        from other in On(node)
        from used in other.Spec.Containers[0].Ports ?? []
        where wanted.HostPort == used.HostPort && (wanted.HostIP is null || used.HostIP is null || wanted.HostIP == used.HostIP)
        select used).Any();

    private static (long Cpu, long Memory) Asked(V1Pod one)
    {
        var requests = one.Spec.Containers[0].Resources.Requests;
        return (requests.TryGetValue("cpu", out var cpu) ? (long)(cpu.ToDecimal() * 1000) : 0, requests.TryGetValue("memory", out var memory) ? (long)memory.ToDecimal() : 0);
    }

    private static (long Cpu, long Memory) Scored(V1Pod one)
    {
        var (cpu, memory) = Asked(one);
        return (cpu == 0 ? 100 : cpu, memory == 0 ? 200L << 20 : memory);
    }

    private static (long Cpu, long Memory, long Pods) Capacity(V1Node node) => (
        (long)(node.Status.Allocatable["cpu"].ToDecimal() * 1000), (long)node.Status.Allocatable["memory"].ToDecimal(), node.Status.Allocatable["pods"].ToInt64());

    private string Resources(V1Node node)
    {
        var (cpu, memory, pods) = Capacity(node);
        var asked = Asked(pod);
        List<string> missing = [];
        if (On(node).Count() + 1 > pods)
        {
            missing.Add("Too many pods");
        }

        if (asked.Cpu > 0 && asked.Cpu > cpu - On(node).Sum(other => Asked(other).Cpu))
        {
            missing.Add("Insufficient cpu");
        }

        if (asked.Memory > 0 && asked.Memory > memory - On(node).Sum(other => Asked(other).Memory))
        {
            missing.Add("Insufficient memory");
        }

        var never = (missing.Contains("Insufficient cpu") && asked.Cpu > cpu) || (missing.Contains("Insufficient memory") && asked.Memory > memory);
        return missing.Count == 0 ? "fits" : (never ? Never : No) + string.Join(", ", missing);
    }

    private long Least(V1Node node)
    {
        var (cpu, memory, _) = Capacity(node);
        return (Part(On(node).Sum(other => Scored(other).Cpu) + Scored(pod).Cpu, cpu) + Part(On(node).Sum(other => Scored(other).Memory) + Scored(pod).Memory, memory)) / 2;

        static long Part(long used, long capacity) => used > capacity ? 0 : (capacity - used) * 100 / capacity;
    }

    private long Balanced(V1Node node)
    {
        var (cpu, memory, _) = Capacity(node);
        var (usedCpu, usedMemory) = (On(node).Sum(other => Asked(other).Cpu), On(node).Sum(other => Asked(other).Memory));
        return 50 + ((50 + Balance(usedCpu + Asked(pod).Cpu, usedMemory + Asked(pod).Memory) - Balance(usedCpu, usedMemory)) / 2);

        long Balance(long c, long m) => (long)((1 - (Math.Abs(Math.Min(1, c / (double)cpu) - Math.Min(1, m / (double)memory)) / 2)) * 100);
    }

    private long[]? Images(V1Node[] nodes)
    {
        var holders = cluster.Nodes.Where(node => node.Status.Images is { Count: > 0 }).ToList();
        return holders.Count == 0 ? null : [.. nodes.Select(node =>
        {
            var size = (long)((node.Status.Images?.FirstOrDefault()?.SizeBytes ?? 0) * ((double)holders.Count / cluster.Nodes.Count));
            const long Mebi = 1 << 20;
            return 100 * (Math.Clamp(size, 23 * Mebi, 1000 * Mebi) - (23 * Mebi)) / (977 * Mebi);
        })];
    }

    private static long[]? Reversed(long[] raw) => raw.All(one => one == 0) ? null : [.. raw.Select(one => 100 - (100 * one / raw.Max()))];

    private long[]? Preferred(V1Node[] nodes)
    {
        var wishes = pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution;
        if (wishes is null)
        {
            return null;
        }

        var raw = nodes.Select(node => wishes.Sum(wish => Label(node, "disk") == "ssd" ? (long)wish.Weight : 0)).ToArray();
        return raw.Max() == 0 ? raw : [.. raw.Select(one => 100 * one / raw.Max())];
    }

    private IEnumerable<V1TopologySpreadConstraint> Constraints(string when) => (pod.Spec.TopologySpreadConstraints ?? []).Where(one => one.WhenUnsatisfiable == when);

    private bool Counts(V1TopologySpreadConstraint constraint, V1Pod other) =>
        other.Metadata.DeletionTimestamp is null && other.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && Matches(constraint.LabelSelector, other);

    private static bool Matches(V1LabelSelector selector, V1Pod other) => selector.MatchLabels.All(label => other.Metadata.Labels[label.Key] == label.Value);

    private bool Eligible(V1TopologySpreadConstraint constraint, V1Node node) =>
        (constraint.NodeAffinityPolicy == "Ignore" || Selected(node))
        && (constraint.NodeTaintsPolicy != "Honor" || Taints(node).All(taint => taint.Effect == "PreferNoSchedule" || Tolerates(taint)));

    private string Spread(V1Node node)
    {
        var constraints = Constraints("DoNotSchedule").ToList();
        foreach (var constraint in constraints)
        {
            if (Label(node, constraint.TopologyKey) is not { } domain)
            {
                return Never + "node(s) didn't match pod topology spread constraints (missing required label)";
            }

            var domains = cluster.Nodes
                .Where(one => constraints.All(all => Label(one, all.TopologyKey) is not null) && Eligible(constraint, one))
                .GroupBy(one => Label(one, constraint.TopologyKey)!)
                .ToDictionary(group => group.Key, group => group.Sum(one => On(one).Count(other => Counts(constraint, other))));
            var lowest = domains.Count == 0 || domains.Count < (constraint.MinDomains ?? 1) ? 0 : domains.Values.Min();
            if (domains.GetValueOrDefault(domain) + (Matches(constraint.LabelSelector, pod) ? 1 : 0) - lowest > constraint.MaxSkew)
            {
                return No + "node(s) didn't match pod topology spread constraints";
            }
        }

        return "fits";
    }

    private string SpreadScores(V1Node[] nodes)
    {
        var constraints = Constraints("ScheduleAnyway").ToList();
        if (constraints.Count == 0)
        {
            return "none";
        }

        bool HasAll(V1Node node) => constraints.All(constraint => Label(node, constraint.TopologyKey) is not null);
        var scored = nodes.Where(HasAll).ToList();
        var raw = nodes.Select(node => !HasAll(node) ? -1 : (long)Math.Round(constraints.Sum(constraint =>
        {
            var byHost = constraint.TopologyKey == "kubernetes.io/hostname";
            var domains = scored.Select(one => Label(one, constraint.TopologyKey)).Distinct().Count();
            var pods = byHost
                ? On(node).Count(other => Counts(constraint, other))
                : cluster.Nodes.Where(one => HasAll(one) && Eligible(constraint, one) && Label(one, constraint.TopologyKey) == Label(node, constraint.TopologyKey))
                    .Sum(one => On(one).Count(other => Counts(constraint, other)));
            return (pods * Math.Log((byHost ? scored.Count : domains) + 2)) + (constraint.MaxSkew - 1);
        }), MidpointRounding.AwayFromZero)).ToArray();
        var (lowest, highest) = (raw.Where(one => one >= 0).DefaultIfEmpty(0).Min(), raw.Max());
        return Show([.. raw.Select(one => one < 0 ? 0 : highest <= 0 ? 100 : 100 * (highest + lowest - one) / highest)]);
    }

    private bool Means(V1PodAffinityTerm term, V1Pod owner, V1Pod other)
    {
        var space = other.Metadata.NamespaceProperty;
        var named = term.Namespaces is { Count: > 0 } names ? names.Contains(space) : term.NamespaceSelector is null && space == owner.Metadata.NamespaceProperty;
        var selected = term.NamespaceSelector is { } selector && selector.MatchLabels.All(label => cluster.Namespaces[space].GetValueOrDefault(label.Key) == label.Value);
        return (named || selected) && Matches(term.LabelSelector, other);
    }

    private IEnumerable<(V1Pod Pod, V1Node Node)> Existing() =>
        from placed in cluster.Placed
        join node in cluster.Nodes on placed.Node equals node.Metadata.Name
        select (placed.Pod, node);

    private static bool Shares(string key, V1Node one, V1Node other) => Label(one, key) is { } value && Label(other, key) == value;

    private string Inter(V1Node node)
    {
        var near = pod.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        var matching = Existing().Where(other => near.All(term => Means(term, pod, other.Pod))).ToList();
        var all = near.All(term => matching.Exists(other => Shares(term.TopologyKey, other.Node, node)));
        var first = near.All(term => !matching.Exists(other => Label(other.Node, term.TopologyKey) is not null)) && near.All(term => Means(term, pod, pod));
        if (near.Any(term => Label(node, term.TopologyKey) is null) || !(all || first))
        {
            return Never + "node(s) didn't match pod affinity rules";
        }

        var away = pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        if (away.Any(term => Existing().Any(other => Means(term, pod, other.Pod) && Shares(term.TopologyKey, other.Node, node))))
        {
            return No + "node(s) didn't match pod anti-affinity rules";
        }

        return Existing().Any(other => (other.Pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
            .Any(term => Means(term, other.Pod, pod) && Shares(term.TopologyKey, other.Node, node)))
                ? No + "node(s) didn't satisfy existing pods anti-affinity rules"
                : "fits";
    }

    private string InterScores(V1Node[] nodes)
    {
        List<(string Key, V1Node Node, long Weight)> pulls = [];
        foreach (var (other, node) in Existing())
        {
            Add(pod.Spec.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, pod, other, +1);
            Add(pod.Spec.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, pod, other, -1);
            Add(other.Spec.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, other, pod, +1);
            Add(other.Spec.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, other, pod, -1);
            foreach (var term in (other.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Where(term => Means(term, other, pod)))
            {
                pulls.Add((term.TopologyKey, node, 1));
            }

            void Add(IList<V1WeightedPodAffinityTerm>? terms, V1Pod owner, V1Pod target, int sign) => pulls.AddRange(
                (terms ?? []).Where(term => Means(term.PodAffinityTerm, owner, target)).Select(term => (term.PodAffinityTerm.TopologyKey, node, (long)sign * term.Weight)));
        }

        if (!pulls.Exists(pull => Label(pull.Node, pull.Key) is not null))
        {
            return "none";
        }

        var raw = nodes.Select(node => pulls.Where(pull => Shares(pull.Key, pull.Node, node)).Sum(pull => pull.Weight)).ToArray();
        return Show([.. raw.Select(one => raw.Max() == raw.Min() ? 0 : (long)(100 * ((one - raw.Min()) / (double)(raw.Max() - raw.Min()))))]);
    }
}
