using Flotilla.Swarm.Services.Spec;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>Whether and when a slot whose task is over gets another one. Pure.</summary>
internal static class Restarts
{
    public static readonly TimeSpan UsualDelay = TimeSpan.FromSeconds(5);

    /// <summary>null: never.</summary>
    public static DateTime? For(TaskSlot slot, RestartPolicy? policy, DateTime now, bool isJob = false)
    {
        var last = slot.Newest;
        if (!last.EndedByItself || last.TemplateHash != slot.Hash)
        {
            // Stopped for a reason that is not its own, or of another spec: that costs no attempt and no delay.
            return now;
        }

        var condition = policy?.Condition is { Length: > 0 } given ? given : "any";
        if (condition == RestartPolicy.None || ((condition == RestartPolicy.OnFailure || isJob) && last.State == TaskState.Complete))
        {
            return null;
        }

        return policy?.MaxAttempts is > 0 and var most && (ulong)Attempts(slot, policy, now) > most ? null : last.Status.At + (policy?.Delay is { } delay ? Span(delay) : UsualDelay);
    }

    public static TimeSpan Span(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / 100);

    // Per slot and spec; with a window only those that ended in it.
    private static int Attempts(TaskSlot slot, RestartPolicy policy, DateTime now) => slot.Over.Count(task =>
        task.EndedByItself && task.TemplateHash == slot.Hash && (policy.Window is not > 0 || task.Status.At >= now - Span(policy.Window.Value)));
}
