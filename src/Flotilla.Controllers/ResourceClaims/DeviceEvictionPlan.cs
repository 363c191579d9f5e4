using Flotilla.Api.Nodes;
using k8s.Models;

namespace Flotilla.Controllers.ResourceClaims;

internal static class DeviceEvictionPlan
{
    /// <summary>When the pods that use a claim must leave because of its devices' taints; null: never.</summary>
    public static DateTime? LeaveAt(Resourcev1ResourceClaim claim, Func<V1DeviceRequestAllocationResult, IEnumerable<V1DeviceTaint>> taints) =>
        (claim.Status?.Allocation?.Devices?.Results ?? []).SelectMany(result => taints(result).Select(taint => LeaveAt(result, taint))).Min();

    private static DateTime? LeaveAt(V1DeviceRequestAllocationResult result, V1DeviceTaint taint)
    {
        var tolerated = (result.Tolerations ?? []).Where(toleration => Tolerates(toleration, taint)).ToList();
        return tolerated.Count == 0 ? taint.TimeAdded
            : tolerated.Exists(toleration => toleration.TolerationSeconds is null) ? null
            : taint.TimeAdded!.Value.AddSeconds(Math.Max(0, tolerated.Min(toleration => toleration.TolerationSeconds!.Value)));
    }

    private static bool Tolerates(V1DeviceToleration toleration, V1DeviceTaint taint) => Tolerations.Tolerates(
        new V1Toleration { Key = toleration.Key, OperatorProperty = toleration.OperatorProperty, Value = toleration.Value, Effect = toleration.Effect },
        new V1Taint { Key = taint.Key, Value = taint.Value, Effect = taint.Effect });
}
