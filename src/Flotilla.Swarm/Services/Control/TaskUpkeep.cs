using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>What every kind of service does for its tasks: let them start when their delay is over, give up what cannot start, move what may not stay, trim history. Pure.</summary>
internal static class TaskUpkeep
{
    public static void Add(ServicePlan plan, PlanInput input, IEnumerable<TaskSlot> slots)
    {
        foreach (var task in input.Tasks.Where(task => task.IsAlive))
        {
            if (task.IsWaiting && input.WaitsFor is null && plan.IsTime(task.StartAfter ?? default))
            {
                plan.Release.Add(task);
            }
            else if (TaskReport.Hopeless(task.Pod) is { } why)
            {
                plan.Reject.Add((task, why));
            }
            else if (!input.MayStay(task))
            {
                plan.Stop.Add(task);
            }
        }

        foreach (var slot in slots)
        {
            plan.Remove.AddRange(Forgotten(slot, LimitOf(input)));
        }
    }

    private static int LimitOf(PlanInput input) =>
        input.Service.Read.TaskTemplate.RestartPolicy?.MaxAttempts is > 0 and < int.MaxValue and var attempts ? (int)attempts + 1 : input.HistoryLimit;

    private static IEnumerable<ServiceTask> Forgotten(TaskSlot slot, int limit)
    {
        var kept = slot.Over.Where(task => task.IsKept);
        return limit < 0 ? [] : kept.Skip(Math.Max(0, limit - slot.Tasks.Count(task => !task.IsOver)));
    }
}
