using Flotilla.Node.Admission;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Eviction;

/// <summary>Pods that would make a shortage worse. Under nothing but a lack of memory, those that asked for some are let in.</summary>
internal sealed class PressureCheck(Func<NodePressure> pressure) : IAdmissionCheck
{
    private const string MemoryTaint = "node.kubernetes.io/memory-pressure";

    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        var now = pressure();
        if (now == default || new EvictionCandidate(pod).IsCritical)
        {
            return null;
        }
        if (now is { Disk: false, Processes: false } && (QualityOfService.Of(pod) != QualityOfService.BestEffort || Tolerates(pod)))
        {
            return null;
        }
        var conditions = new[] { (now.Memory, "MemoryPressure"), (now.Disk, "DiskPressure"), (now.Processes, "PIDPressure") }.Where(pair => pair.Item1).Select(pair => pair.Item2);
        return new Rejection("Evicted", EvictionMessages.Condition(conditions));
    }

    private static bool Tolerates(V1Pod pod) => (pod.Spec.Tolerations ?? []).Any(toleration =>
        toleration.OperatorProperty == "Exists" && (string.IsNullOrEmpty(toleration.Key) || toleration.Key == MemoryTaint)
        && (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == "NoSchedule"));
}
