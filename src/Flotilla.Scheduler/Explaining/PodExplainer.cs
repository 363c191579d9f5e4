using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Explanations;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Explaining;

/// <summary>Asks every plugin about every node, as the scheduler would; of a pod with a node it reads what its node agent reports.</summary>
public sealed class PodExplainer(SchedulerService scheduler, IObjectClient client) : IPodExplainer
{
    // Remedies may look at every pod of the cluster; of a great many nodes a few say it for all.
    private const int RemediesPerPlugin = 50;

    public async Task<PodExplanation> ExplainAsync(ObjectKey pod, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync<V1Pod>(pod, cancellationToken);
        if (!string.IsNullOrEmpty(found.Spec.NodeName) || found.Status?.Phase is "Succeeded" or "Failed")
        {
            var events = await client.ListAsync<Corev1Event>(
                new ListScope(pod.Namespace, FieldSelector: $"involvedObject.uid={found.Metadata.Uid}"), cancellationToken);
            return BoundPod.Explain(found, events.Items);
        }

        return Unbound(found);
    }

    private PodExplanation Unbound(V1Pod pod)
    {
        var info = new PodInfo(pod);
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            return Answer(pod, "It is being deleted and will get no node.");
        }

        if (scheduler.Profile(info.SchedulerName) is not { } profile)
        {
            return Answer(pod, $"It asks for scheduler '{info.SchedulerName}', and no scheduler of this cluster has that name; remove spec.schedulerName or run that scheduler.");
        }

        lock (scheduler.State.Gate)
        {
            return Explain(pod, new SchedulingCycle(info, scheduler.State.Cluster), profile);
        }
    }

    private static PodExplanation Explain(V1Pod pod, SchedulingCycle cycle, SchedulingProfile profile)
    {
        foreach (var plugin in profile.Plugins.PreEnqueue)
        {
            if (plugin.PreEnqueue(cycle.Pod, cycle.Cluster) is { IsFit: false } verdict)
            {
                return Answer(pod, $"{plugin.Name} keeps it out of the queue: {string.Join(", ", verdict.Reasons!)}");
            }
        }

        var nodes = cycle.Cluster.Nodes;
        var diagnosis = new Diagnosis { NodeCount = nodes.Count };
        if (nodes.Count == 0)
        {
            return Answer(pod, "The cluster has no nodes.");
        }

        if (!profile.Placer.Candidates(cycle, diagnosis, ref nodes))
        {
            return Answer(pod, $"{diagnosis.PodRejectedBy!.Name} rejects it whatever the node: {string.Join(", ", diagnosis.Pod.Reasons!)}");
        }

        var answers = Nodes(cycle, profile, nodes.ToHashSet());
        var fitting = answers.Where(node => node.Fits).ToList();
        var summary = fitting.Count == 0
            ? $"None of {answers.Count} nodes is available: {Diagnosis.Histogram(answers.SelectMany(node => node.Reasons))}."
            : $"It fits {string.Join(", ", fitting.Take(3).Select(node => node.Name))}{(fitting.Count > 3 ? $" and {fitting.Count - 3} more" : "")} and will be bound as soon as its turn comes.";
        return Answer(pod, summary, answers);
    }

    private static List<NodeExplanation> Nodes(SchedulingCycle cycle, SchedulingProfile profile, HashSet<NodeInfo> candidates)
    {
        Dictionary<IPlugin, int> remedies = [];
        List<NodeExplanation> answers = [];
        foreach (var (node, plugin, verdict) in profile.Placer.Explain(cycle))
        {
            if (plugin is null && !candidates.Contains(node))
            {
                answers.Add(new NodeExplanation(node.Name, false, "NodeAffinity", ["the pod names other nodes"], null));
                continue;
            }

            if (plugin is not null)
            {
                remedies[plugin] = remedies.GetValueOrDefault(plugin) + 1;
            }

            var remedy = plugin is IFilterPlugin filter && remedies[plugin] <= RemediesPerPlugin ? filter.Remedy(cycle.Pod, node, cycle.Cluster) : null;
            answers.Add(new NodeExplanation(node.Name, verdict.IsFit, plugin?.Name, verdict.Reasons ?? [], remedy));
        }

        return answers;
    }

    private static PodExplanation Answer(V1Pod pod, string summary, IReadOnlyList<NodeExplanation>? nodes = null) =>
        new(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Status?.Phase ?? "Pending", null, summary, nodes ?? [], []);
}
