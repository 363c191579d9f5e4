using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>A pod that uses something not every node can do runs where the node says that it can.</summary>
public sealed class NodeDeclaredFeatures : ILocalFilterPlugin
{
    private static readonly Verdict Missing = Verdict.Never("node(s) didn't match Pod's required features");

    public string Name => "NodeDeclaredFeatures";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodItself;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        var required = RequiredBy(pod.Pod.Spec);
        signature.Add(required.Count);
        foreach (var feature in required)
        {
            signature.Add(feature);
        }

        return true;
    }

    /// <summary>Features that a pod's spec asks for, by upstream's names.</summary>
    public static IReadOnlyList<string> RequiredBy(V1PodSpec spec)
    {
        var containers = (spec.Containers ?? []).Concat(spec.InitContainers ?? []);
        return containers.Any(container => container.RestartPolicyRules is { Count: > 0 } rules && rules.Any(rule => rule.Action == "RestartAllContainers"))
            ? ["RestartAllContainersOnContainerExits"]
            : [];
    }

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var required = RequiredBy(cycle.Pod.Pod.Spec);
        return required.Count == 0 ? null : node => required.All(node.DeclaredFeatures.Contains) ? Verdict.Fits : Missing;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) =>
        $"use a node whose agent declares {string.Join(", ", RequiredBy(pod.Pod.Spec).Where(feature => !node.DeclaredFeatures.Contains(feature)))}";
}
