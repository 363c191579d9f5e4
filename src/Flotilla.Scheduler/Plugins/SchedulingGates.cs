using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>A pod with scheduling gates is not looked at until they are gone.</summary>
public sealed class SchedulingGates : IPreEnqueuePlugin
{
    public string Name => "SchedulingGates";

    public ClusterChange Unblocks => ClusterChange.PodItself;

    public Verdict PreEnqueue(PodInfo pod, ClusterSnapshot cluster) =>
        pod.Pod.Spec.SchedulingGates is { Count: > 0 } gates
            ? Verdict.Never($"waiting for scheduling gates: [{string.Join(' ', gates.Select(gate => gate.Name))}]")
            : Verdict.Fits;
}
