using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Why a pod has other resources than it asks for now.</summary>
/// <param name="Reason"><c>Deferred</c>: until others leave; <c>Infeasible</c>: for ever.</param>
/// <param name="Lack">What is lacking, as a pod that asked for it at first would be told.</param>
internal sealed record ResizePending(string Reason, string Message, string Lack);

/// <summary>
/// Which pods the node has taken, and the resources that each has been given: what it asked for at first, and what it
/// asked for later when that fitted. Given resources survive a restart of the agent. Any thread may ask.
/// </summary>
internal sealed class PodAdmission(IReadOnlyList<IAdmissionCheck> checks, ResourceCheck resources, AllocationFiles files, Func<V1Node?> node)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Taken> taken = new(StringComparer.Ordinal);

    private sealed record Taken(V1Pod Pod, Action Wake, bool IsDeferred = false);

    /// <param name="isKnown">The pod runs already: whatever speaks against it now, it stays.</param>
    /// <param name="wake">Called when what was deferred may fit.</param>
    /// <returns>null: it may run.</returns>
    public Rejection? Admit(V1Pod pod, bool isKnown, Action wake)
    {
        lock (gate)
        {
            if (taken.ContainsKey(pod.Metadata.Uid))
            {
                return null;
            }
            if (isKnown)
            {
                taken[pod.Metadata.Uid] = new Taken(files.Read(pod) is { } given ? Allocation.Apply(pod, given) : pod, wake);
                return null;
            }
            var view = new AdmissionView(node(), [.. taken.Values.Select(other => other.Pod)]);
            var rejection = checks.Select(check => check.Check(pod, view)).FirstOrDefault(rejection => rejection is not null);
            if (rejection is null)
            {
                taken[pod.Metadata.Uid] = new Taken(pod, wake);
                files.Write(pod);
            }
            return rejection;
        }
    }

    /// <summary>Whom a critical pod that was rejected only for lack of resources may have in its place.</summary>
    /// <returns>The pods that must go; none: their going would not help, for the reason given.</returns>
    public (IReadOnlyList<V1Pod> Victims, Rejection Rejection) MakeRoom(V1Pod pod, Rejection rejection)
    {
        lock (gate)
        {
            var view = new AdmissionView(node(), [.. taken.Values.Select(other => other.Pod)]);
            if (checks.Where(check => check is not ResourceCheck).Select(check => check.Check(pod, view)).FirstOrDefault(other => other is not null) is { } other)
            {
                return ([], other);
            }
            var lacks = resources.Lacks(pod, view);
            return CriticalPods.MakeRoom(pod, view.Others, lacks) is { } victims ? (victims, rejection) : ([], new Rejection(
                "UnexpectedAdmissionError",
                $"Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: {CriticalPods.Describe(lacks)}"));
        }
    }

    /// <summary>The pods that the node has taken.</summary>
    public IReadOnlySet<string> PodUids()
    {
        lock (gate)
        {
            return taken.Keys.ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>The pod as the cluster wants it now, with the resources it has been given, which are those it asks for if they are to be had.</summary>
    public (V1Pod Given, ResizePending? Pending, bool IsNews) Allocate(V1Pod pod)
    {
        lock (gate)
        {
            if (!taken.TryGetValue(pod.Metadata.Uid, out var known))
            {
                return (pod, null, false);
            }
            var given = Allocation.Of(known.Pod);
            if (Allocation.Same(given, Allocation.Of(pod)))
            {
                taken[pod.Metadata.Uid] = known with { Pod = pod, IsDeferred = false };
                return (pod, null, false);
            }
            var pending = Pending(pod);
            var current = pending is null ? pod : Allocation.Apply(pod, given);
            taken[pod.Metadata.Uid] = known with { Pod = current, IsDeferred = pending?.Reason == "Deferred" };
            if (pending is null)
            {
                files.Write(pod);
            }
            return (current, pending, pending is null);
        }
    }

    /// <summary>The pod uses nothing any more.</summary>
    public void Release(string podUid)
    {
        List<Action> waiting;
        lock (gate)
        {
            if (!taken.Remove(podUid))
            {
                return;
            }
            waiting = [.. taken.Values.Where(other => other.IsDeferred).Select(other => other.Wake)];
        }
        waiting.ForEach(wake => wake());
    }

    private ResizePending? Pending(V1Pod pod)
    {
        if (resources.Infeasible(pod) is { } never)
        {
            return new ResizePending("Infeasible", never, "Infeasible");
        }
        var others = taken.Where(other => other.Key != pod.Metadata.Uid).Select(other => other.Value.Pod).ToList();
        return resources.Check(pod, new AdmissionView(node(), others)) is { } lack ? new ResizePending("Deferred", lack.Message, lack.Reason) : null;
    }
}
