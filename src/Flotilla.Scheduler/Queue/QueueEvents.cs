using Flotilla.Scheduler.Pipeline;

namespace Flotilla.Scheduler.Queue;

/// <summary>Why a pod came into a queue, in the words of upstream's metrics.</summary>
internal static class QueueEvents
{
    public const string Added = "UnscheduledPodAdd";
    public const string Updated = "UnscheduledPodUpdate";
    public const string Failed = "ScheduleAttemptFailure";
    public const string BackoffOver = "BackoffComplete";
    public const string TimedOut = "UnschedulableTimeout";
    public const string Activated = "ForceActivate";

    /// <summary>Upstream tells kinds of volumes, devices and changes of nodes apart; here they wake pods as one.</summary>
    public static string Of(ClusterChange change) => change switch
    {
        ClusterChange.Node => "NodeChange",
        ClusterChange.PodGone => "AssignedPodDelete",
        ClusterChange.PodPlaced => "AssignedPodAdd",
        ClusterChange.Volume => "VolumeChange",
        ClusterChange.Device => "DeviceChange",
        ClusterChange.NamespaceLabels => "NamespaceUpdate",
        _ => Updated,
    };
}
