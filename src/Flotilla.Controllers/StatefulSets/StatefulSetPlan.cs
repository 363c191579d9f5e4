using System.Globalization;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.StatefulSets;

/// <summary>The next step of a set. In order, one pod at a time, unless its pods may be managed in parallel.</summary>
/// <param name="Create">Numbers of the pods to create.</param>
internal sealed record StatefulSetPlan(IReadOnlyList<int> Create, IReadOnlyList<V1Pod> Delete, V1StatefulSetStatus Status)
{
    /// <param name="update">The name of the newest revision; the current one stands in the status until a rollout ends.</param>
    public static StatefulSetPlan For(V1StatefulSet set, IReadOnlyCollection<V1Pod> pods, string update, DateTime now)
    {
        var work = new Work(set, pods, update, now);
        if (!set.IsDeleting())
        {
            work.Run();
        }

        return new StatefulSetPlan(work.Create, work.Delete, work.Status());
    }

    /// <summary>Whether a new pod of this number still belongs to the revision before the newest.</summary>
    public static bool IsOfCurrent(V1StatefulSet set, int ordinal)
    {
        var start = set.Spec.Ordinals?.Start ?? 0;
        if (set.Spec.UpdateStrategy?.Type == "OnDelete")
        {
            return false;
        }

        return set.Spec.UpdateStrategy?.RollingUpdate is { } rolling
            ? ordinal < start + (rolling.Partition ?? 0)
            : ordinal < start + (set.Status?.CurrentReplicas ?? 0);
    }

    public static bool IsInRange(V1StatefulSet set, int ordinal) =>
        (set.Spec.Ordinals?.Start ?? 0) is var start && ordinal >= start && ordinal < start + (set.Spec.Replicas ?? 1);

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
        private readonly List<V1Pod> replaced = [];

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

                if (IsInRange(set, ordinal))
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

        private int Wanted => set.Spec.Replicas ?? 1;

        private string Current => set.Status?.CurrentRevision is { Length: > 0 } current ? current : update;

        public void Run()
        {
            if (Fill() && Shrink() && set.Spec.UpdateStrategy?.Type != "OnDelete")
            {
                Replace();
            }
        }

        public V1StatefulSetStatus Status()
        {
            var known = pods.Where(pod => pod.Status?.Phase is { Length: > 0 }).ToList();
            var ready = known.Count(IsReady);
            var updated = Of(update);
            var isDone = update != Current && updated == Wanted && ready == Wanted && known.Count == Wanted;
            return new V1StatefulSetStatus
            {
                ObservedGeneration = set.Metadata.Generation,
                Replicas = known.Count,
                ReadyReplicas = OrNull(ready),
                AvailableReplicas = known.Count(IsAvailable),
                CurrentReplicas = OrNull(isDone ? updated : Of(Current)),
                UpdatedReplicas = OrNull(updated),
                CurrentRevision = isDone ? update : Current,
                UpdateRevision = update,
                CollisionCount = set.Status?.CollisionCount ?? 0,
                Conditions = set.Status?.Conditions,
            };

            int Of(string revision) => known.Count(pod => !pod.IsDeleting() && !replaced.Contains(pod) && StatefulPods.RevisionOf(pod) == revision);
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
                    Delete.Add(pod); // However it ended, another one takes its place.
                }

                if (inOrder && !IsAtWork(pod))
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>The highest number goes first; in order, one that is at work waits for the broken ones below it.</summary>
        private bool Shrink()
        {
            var firstBroken = condemned.LastOrDefault(pod => !IsReady(pod) || pod.IsDeleting());
            foreach (var pod in condemned)
            {
                if (!pod.IsDeleting() && (!inOrder || IsAvailable(pod) || pod == firstBroken))
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

        /// <summary>No more are out of service than the strategy allows, and in order nobody is replaced past a broken one.</summary>
        private void Replace()
        {
            var rolling = set.Spec.UpdateStrategy?.RollingUpdate;
            var lowest = start + (rolling?.Partition ?? 0);
            var old = Enumerable.Range(start, Wanted)
                .Reverse()
                .Where(ordinal => ordinal >= lowest)
                .Select(ordinal => byOrdinal.GetValueOrDefault(ordinal))
                .OfType<V1Pod>()
                .Where(pod => StatefulPods.RevisionOf(pod) != update && !pod.IsDeleting() && !Delete.Contains(pod))
                .ToList();
            var missing = Enumerable.Range(start, Wanted).Count(ordinal => !IsAtWork(byOrdinal.GetValueOrDefault(ordinal)));
            var budget = Math.Max(0, MaxUnavailable(rolling?.MaxUnavailable) - missing);
            replaced.AddRange(inOrder ? old.Take(budget) : old.Where(pod => !IsAvailable(pod)).Concat(old.Where(IsAvailable).Take(budget)));
            Delete.AddRange(replaced);
        }

        /// <summary>A part of the replicas is rounded up, and at least one.</summary>
        private int MaxUnavailable(IntOrString? value)
        {
            if (value?.Value is not { Length: > 0 } text)
            {
                return 1;
            }

            var number = text.EndsWith('%')
                ? (int)((int.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture) * (long)Wanted + 99) / 100)
                : int.Parse(text, CultureInfo.InvariantCulture);
            return Math.Max(1, number);
        }

        private bool IsAtWork(V1Pod? pod) => pod is not null && !pod.IsDeleting() && IsAvailable(pod);

        private bool IsAvailable(V1Pod pod) => IsReady(pod) && pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now);

        private static bool IsReady(V1Pod pod) => pod.Status?.Phase == "Running" && pod.IsReady();

        private static int? OrNull(int count) => count == 0 ? null : count;
    }
}
