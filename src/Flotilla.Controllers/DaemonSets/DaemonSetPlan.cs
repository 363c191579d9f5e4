using System.Globalization;
using Flotilla.Api.Nodes;
using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.DaemonSets;

/// <summary>Which nodes need a pod, and which pods must go.</summary>
/// <param name="Ended">Those of <paramref name="Delete"/> that had succeeded or failed, which no daemon should.</param>
internal sealed record DaemonSetPlan(
    IReadOnlyList<string> Create, IReadOnlyList<V1Pod> Delete, IReadOnlyList<V1Pod> Ended, V1DaemonSetStatus Status)
{
    /// <param name="isHeld">Failed pods that stay for a while, because others failed there before.</param>
    public static DaemonSetPlan For(
        V1DaemonSet set, IReadOnlyCollection<V1Node> nodes, IReadOnlyCollection<V1Pod> pods, string hash, DateTime now, Func<V1Pod, bool>? isHeld = null)
    {
        var work = new Work(set, nodes, pods, hash, now, isHeld ?? (_ => false));
        work.Place();
        if (set.Spec.UpdateStrategy?.Type is not "OnDelete")
        {
            work.Update();
        }

        return new DaemonSetPlan(work.Create, work.Delete, work.Ended, work.Status());
    }

    /// <summary>Whether a new pod may be placed, and whether one that is there may stay.</summary>
    public static (bool ShouldRun, bool MayStay) Judge(V1DaemonSet set, V1Node node)
    {
        var spec = set.Spec.Template.Spec;
        if ((!string.IsNullOrEmpty(spec.NodeName) && spec.NodeName != node.Metadata.Name) || !NodeSelection.Matches(spec, node))
        {
            return (false, false);
        }

        var tolerations = DaemonPods.Tolerations(set);
        var untolerated = (node.Spec?.Taints ?? [])
            .Where(taint => taint.Effect is Taints.NoSchedule or Taints.NoExecute)
            .Where(taint => !Tolerations.Tolerate(tolerations, taint))
            .ToList();
        return (untolerated.Count == 0, untolerated.TrueForAll(taint => taint.Effect != Taints.NoExecute));
    }

    private sealed class Work(V1DaemonSet set, IReadOnlyCollection<V1Node> nodes, IReadOnlyCollection<V1Pod> pods, string hash, DateTime now, Func<V1Pod, bool> isHeld)
    {
        private readonly ILookup<string, V1Pod> onNode = pods.ToLookup(pod => DaemonPods.NodeOf(pod) ?? "", StringComparer.Ordinal);
        private readonly List<(V1Node Node, bool ShouldRun, bool MayStay)> judged =
            [.. nodes.Select(node => (node, Judge(set, node))).Select(entry => (entry.node, entry.Item2.ShouldRun, entry.Item2.MayStay))];

        public List<string> Create { get; } = [];

        public List<V1Pod> Delete { get; } = [];

        public List<V1Pod> Ended { get; } = [];

        private int MinReady => set.Spec.MinReadySeconds ?? 0;

        public void Place()
        {
            foreach (var (node, shouldRun, mayStay) in judged)
            {
                var here = onNode[node.Metadata.Name].ToList();
                if (shouldRun && here.Count == 0)
                {
                    Create.Add(node.Metadata.Name);
                }
                else if (!mayStay)
                {
                    Delete.AddRange(here.Where(pod => !pod.IsDeleting()));
                }
                else
                {
                    Tidy(here);
                }
            }

            // Pods for nodes that are gone.
            var known = judged.Select(entry => entry.Node.Metadata.Name).ToHashSet(StringComparer.Ordinal);
            Delete.AddRange(pods.Where(pod => !pod.IsDeleting() && !known.Contains(DaemonPods.NodeOf(pod) ?? "")));
        }

        /// <summary>Replaces old pods a few at a time, the broken ones first.</summary>
        public void Update()
        {
            var wanted = judged.Where(entry => entry.ShouldRun).Select(entry => entry.Node.Metadata.Name).ToList();
            var surge = Resolve(set.Spec.UpdateStrategy?.RollingUpdate?.MaxSurge, 0, wanted.Count);
            var unavailable = surge > 0 ? 0 : Math.Max(1, Resolve(set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable, 1, wanted.Count));
            if (surge > 0)
            {
                Surge(surge, wanted.Count);
                return;
            }

            var old = wanted.SelectMany(Old).Where(pod => !Delete.Contains(pod)).ToList();

            // An old pod that serves nobody may go without asking.
            Delete.AddRange(old.Where(pod => !IsAvailable(pod)));
            var spare = unavailable - wanted.Count(node => !onNode[node].Any(pod => IsAvailable(pod) && !Delete.Contains(pod)));
            Delete.AddRange(old.Where(IsAvailable).Take(Math.Max(0, spare)));
        }

        public V1DaemonSetStatus Status()
        {
            var should = judged.Where(entry => entry.ShouldRun).Select(entry => onNode[entry.Node.Metadata.Name].ToList()).ToList();
            var available = should.Count(here => here.Exists(IsAvailable));
            return new V1DaemonSetStatus
            {
                DesiredNumberScheduled = should.Count,
                CurrentNumberScheduled = should.Count(here => here.Count > 0),
                NumberMisscheduled = judged.Count(entry => !entry.ShouldRun && onNode[entry.Node.Metadata.Name].Any()),
                NumberReady = should.Count(here => here.Exists(pod => pod.IsReady())),
                NumberAvailable = OrNull(available),
                NumberUnavailable = OrNull(should.Count - available),
                UpdatedNumberScheduled = OrNull(should.Count(here => here.Exists(IsNew))),
                ObservedGeneration = set.Metadata.Generation,
                CollisionCount = set.Status?.CollisionCount,
                Conditions = set.Status?.Conditions,
            };
        }

        private void Tidy(List<V1Pod> here)
        {
            var ended = here.Where(pod => pod.IsTerminal() && !pod.IsDeleting() && !(pod.Status.Phase == "Failed" && isHeld(pod))).ToList();
            Delete.AddRange(ended);
            Ended.AddRange(ended);

            // One is enough, the oldest that is placed; during a surge one of each template.
            var running = here
                .Where(pod => pod.IsActive())
                .OrderBy(pod => string.IsNullOrEmpty(pod.Spec.NodeName))
                .ThenBy(pod => pod.Metadata.CreationTimestamp)
                .ToList();
            var kept = IsSurging ? running.DistinctBy(IsNew).ToList() : running.Take(1).ToList();
            Delete.AddRange(running.Except(kept));
            if (kept is [_, _] && kept.Find(IsNew) is { } fresh && kept.Find(pod => !IsNew(pod)) is { } old && (!old.IsReady() || IsAvailable(fresh)))
            {
                Delete.Add(old);
            }
        }

        private IEnumerable<V1Pod> Old(string node) => onNode[node].Where(pod => pod.IsActive() && !IsNew(pod));

        /// <summary>New pods come first; an old one goes when the new one beside it serves.</summary>
        private void Surge(int surge, int wanted)
        {
            var nodes = judged.Select(entry => (entry.Node.Metadata.Name, entry.ShouldRun, Here: onNode[entry.Node.Metadata.Name].Where(pod => pod.IsActive()).ToList())).ToList();
            var surging = nodes.Count(node => node.Here is [_, _] && node.Here.Exists(pod => IsNew(pod) && !IsAvailable(pod)));
            var candidates = nodes.Where(node => node.Here is [var only] && !IsNew(only)).ToList();
            var broken = candidates.Where(node => !IsAvailable(node.Here[0])).ToList();
            var serving = candidates.Except(broken).ToList();
            Create.AddRange(broken.Where(node => node.ShouldRun).Select(node => node.Name));
            Create.AddRange(serving.Where(node => node.ShouldRun).Take(Math.Max(0, surge - surging)).Select(node => node.Name));

            // Where it should not run any more, it goes when it is not missed.
            Delete.AddRange(broken.Where(node => !node.ShouldRun).Select(node => node.Here[0]));
            var spare = nodes.Count(node => node.Here.Exists(IsAvailable)) - wanted;
            Delete.AddRange(serving.Where(node => !node.ShouldRun).Take(Math.Max(0, spare)).Select(node => node.Here[0]));
        }

        private bool IsSurging => set.Spec.UpdateStrategy?.RollingUpdate?.MaxSurge?.Value is { Length: > 0 } and not ("0" or "0%");

        private bool IsNew(V1Pod pod) => DaemonPods.HashOf(pod) == hash;

        private bool IsAvailable(V1Pod pod) => pod.IsActive() && pod.IsAvailable(MinReady, now);

        private static int Resolve(IntOrString? value, int otherwise, int total)
        {
            if (value?.Value is not { Length: > 0 } text)
            {
                return otherwise;
            }

            return text.EndsWith('%')
                ? (int)((int.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture) * (long)total + 99) / 100)
                : int.Parse(text, CultureInfo.InvariantCulture);
        }

        private static int? OrNull(int count) => count == 0 ? null : count;
    }
}
