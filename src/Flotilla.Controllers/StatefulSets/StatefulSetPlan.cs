using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.StatefulSets;

/// <summary>The next step of a set. In order, one pod at a time, unless its pods may be managed in parallel.</summary>
/// <param name="Create">Numbers of the pods to create.</param>
/// <param name="Recreate">Those of <paramref name="Delete"/> that had failed.</param>
internal sealed record StatefulSetPlan(
    IReadOnlyList<int> Create, IReadOnlyList<V1Pod> Delete, IReadOnlyList<V1Pod> Recreate, V1StatefulSetStatus Status)
{
    /// <param name="update">The name of the newest revision; the current one stands in the status until a rollout ends.</param>
    public static StatefulSetPlan For(V1StatefulSet set, IReadOnlyCollection<V1Pod> pods, string update, DateTime now)
    {
        var work = new Work(set, pods, update, now);
        if (!set.IsDeleting())
        {
            work.Run();
        }

        return new StatefulSetPlan(work.Create, work.Delete, work.Recreate, work.Status());
    }

    /// <summary>Whether a new pod of this number still belongs to the revision before the newest.</summary>
    public static bool IsOfCurrent(V1StatefulSet set, int ordinal)
    {
        var start = set.Spec.Ordinals?.Start ?? 0;
        if (set.Spec.UpdateStrategy?.Type == "OnDelete")
        {
            return false;
        }

        return set.Spec.UpdateStrategy?.RollingUpdate?.Partition is { } partition and > 0
            ? ordinal < start + partition
            : ordinal < start + (set.Status?.CurrentReplicas ?? 0);
    }

    private sealed class Work
    {
        private readonly V1StatefulSet set;
        private readonly IReadOnlyCollection<V1Pod> pods;
        private readonly string update;
        private readonly DateTime now;
        private readonly bool inOrder;
        private readonly int start;
        private readonly Dictionary<int, V1Pod> byOrdinal = [];
        private readonly List<V1Pod> condemned = [];

        public Work(V1StatefulSet set, IReadOnlyCollection<V1Pod> pods, string update, DateTime now)
        {
            (this.set, this.pods, this.update, this.now) = (set, pods, update, now);
            inOrder = set.Spec.PodManagementPolicy is not "Parallel";
            start = set.Spec.Ordinals?.Start ?? 0;
            foreach (var pod in pods)
            {
                if (StatefulPods.OrdinalOf(set, pod) is not { } ordinal)
                {
                    continue;
                }

                if (ordinal >= start && ordinal < start + Wanted)
                {
                    byOrdinal[ordinal] = pod;
                }
                else
                {
                    condemned.Add(pod);
                }
            }

            condemned.Sort((left, right) => StatefulPods.OrdinalOf(set, right)!.Value.CompareTo(StatefulPods.OrdinalOf(set, left)!.Value));
        }

        public List<int> Create { get; } = [];

        public List<V1Pod> Delete { get; } = [];

        public List<V1Pod> Recreate { get; } = [];

        private int Wanted => set.Spec.Replicas ?? 1;

        private string Current => set.Status?.CurrentRevision is { Length: > 0 } current ? current : update;

        public void Run()
        {
            if (Fill() && Shrink())
            {
                Replace();
            }
        }

        public V1StatefulSetStatus Status()
        {
            var present = pods.Where(pod => !pod.IsTerminal()).ToList();
            var ready = present.Count(pod => pod.Status?.Phase == "Running" && pod.IsReady());
            var updated = Of(update);
            var isDone = update != Current && updated == Wanted && ready == Wanted && present.Count == Wanted;
            return new V1StatefulSetStatus
            {
                ObservedGeneration = set.Metadata.Generation,
                Replicas = present.Count,
                ReadyReplicas = OrNull(ready),
                AvailableReplicas = present.Count(IsAvailable),
                CurrentReplicas = OrNull(isDone ? updated : Of(Current)),
                UpdatedReplicas = OrNull(updated),
                CurrentRevision = isDone ? update : Current,
                UpdateRevision = update,
                CollisionCount = set.Status?.CollisionCount ?? 0,
                Conditions = set.Status?.Conditions,
            };

            int Of(string revision) => present.Count(pod => !pod.IsDeleting() && StatefulPods.RevisionOf(pod) == revision);
        }

        /// <summary>Every number its pod. Returns whether the next stage may begin.</summary>
        private bool Fill()
        {
            for (var ordinal = start; ordinal < start + Wanted; ordinal++)
            {
                var pod = byOrdinal.GetValueOrDefault(ordinal);
                if (pod is null)
                {
                    Create.Add(ordinal);
                }
                else if (pod.IsTerminal() && !pod.IsDeleting())
                {
                    Delete.Add(pod);
                    Recreate.Add(pod);
                }
                else if (IsAvailable(pod))
                {
                    continue;
                }

                if (inOrder)
                {
                    return false;
                }
            }

            return Create.Count == 0;
        }

        /// <summary>The highest number goes first.</summary>
        private bool Shrink()
        {
            foreach (var pod in condemned)
            {
                if (!pod.IsDeleting())
                {
                    Delete.Add(pod);
                }

                if (inOrder)
                {
                    return false;
                }
            }

            return true;
        }

        private void Replace()
        {
            if (set.Spec.UpdateStrategy?.Type == "OnDelete")
            {
                return;
            }

            var lowest = start + (set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0);
            for (var ordinal = start + Wanted - 1; ordinal >= lowest; ordinal--)
            {
                var pod = byOrdinal[ordinal];
                if (StatefulPods.RevisionOf(pod) != update && !pod.IsDeleting() && !Delete.Contains(pod))
                {
                    Delete.Add(pod);
                    return;
                }

                if (!IsAvailable(pod))
                {
                    return;
                }
            }
        }

        private bool IsAvailable(V1Pod pod) =>
            pod.Status?.Phase == "Running" && !pod.IsDeleting() && pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now);

        private static int? OrNull(int count) => count == 0 ? null : count;
    }
}
