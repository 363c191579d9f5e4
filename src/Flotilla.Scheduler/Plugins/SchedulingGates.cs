using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>A pod with scheduling gates is not looked at until they are gone.</summary>
public static class SchedulingGates
{
    public const string Reason = "SchedulingGated";
    public const string Message = "Scheduling is blocked due to non-empty scheduling gates";

    public static bool Block(V1Pod pod) => pod.Spec.SchedulingGates is { Count: > 0 };
}
