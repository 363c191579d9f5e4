using Flotilla.Api.Nodes;
using Flotilla.Node.Admission;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Eviction;

/// <summary>Pods that would make a shortage worse. Under nothing but a lack of memory, those that asked for some are let in.</summary>
internal sealed class PressureCheck(Func<NodePressure> pressure) : IAdmissionCheck
{
    private static readonly V1Taint MemoryTaint = new() { Key = "node.kubernetes.io/memory-pressure", Effect = "NoSchedule" };

    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        var now = pressure();
        if (now == default || new EvictionCandidate(pod).IsCritical)
        {
            return null;
        }
        if (now is { Disk: false, Processes: false } && (QualityOfService.Of(pod) != QualityOfService.BestEffort || Tolerations.Tolerate(pod.Spec.Tolerations, MemoryTaint)))
        {
            return null;
        }
        var conditions = new[] { (now.Memory, "MemoryPressure"), (now.Disk, "DiskPressure"), (now.Processes, "PIDPressure") }.Where(pair => pair.Item1).Select(pair => pair.Item2);
        return new Rejection(PodFailures.Evicted, EvictionMessages.Condition(conditions));
    }
}
