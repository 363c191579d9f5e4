using k8s.Models;

namespace Flotilla.Controllers.Jobs;

internal static class JobConditions
{
    public const string Complete = "Complete";
    public const string Failed = "Failed";
    public const string SuccessCriteriaMet = "SuccessCriteriaMet";
    public const string FailureTarget = "FailureTarget";
    public const string Suspended = "Suspended";

    public static V1JobCondition? Find(V1JobStatus? status, string type) =>
        status?.Conditions?.FirstOrDefault(condition => condition.Type == type && condition.Status == "True");

    public static bool IsFinished(V1JobStatus? status) => (Find(status, Complete) ?? Find(status, Failed)) is not null;

    /// <summary>When it finished.</summary>
    public static DateTime? FinishedAt(V1JobStatus? status) => (Find(status, Complete) ?? Find(status, Failed))?.LastTransitionTime;

    public static V1JobCondition New(string type, string reason, string message, DateTime now, string status = "True") => new()
    {
        Type = type,
        Status = status,
        Reason = reason,
        Message = message,
        LastProbeTime = now,
        LastTransitionTime = now,
    };
}
