using Flotilla.Api.Cron;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>Tasks that are to complete once: so many, or one on every node. Those of an earlier run end with it. Pure.</summary>
internal static class JobPlan
{
    public static ServicePlan For(PlanInput input)
    {
        var plan = new ServicePlan(input.Now);
        var iteration = input.Service.Change?.Iteration ?? 0;
        var isGlobal = input.Service.Read.Mode?.GlobalJob is not null;
        plan.Remove.AddRange(input.Tasks.Where(task => task.Iteration < iteration && (task.IsAlive || task.IsKept)));
        var current = input with { Tasks = [.. input.Tasks.Where(task => task.Iteration == iteration)] };
        var slots = isGlobal ? TaskSlot.ByNode(current.Tasks, input.Hash, name => input.Nodes.GetValueOrDefault(name)?.Id) : TaskSlot.BySlot(current.Tasks, input.Hash);
        TaskUpkeep.Add(plan, current, slots);
        if (ServiceLabels.ScheduleOf(input.Service.Read) is { } schedule && !IsUnderWay(plan, current, schedule))
        {
            return plan;
        }

        if (isGlobal)
        {
            AddGlobal(plan, current, slots);
        }
        else
        {
            AddReplicated(plan, current, slots);
        }

        return plan;
    }

    /// <summary>Whether a run goes on: the first begins when it is due, and none ends one that is to be left in peace.</summary>
    private static bool IsUnderWay(ServicePlan plan, PlanInput input, CronSchedule schedule)
    {
        var (last, isFirst) = (input.Service.Change?.At ?? input.Service.Metadata.CreationTimestamp ?? input.Now, input.Service.Change?.Iteration is null or 0);
        var isLeft = ServiceLabels.TextOf(input.Service.Read, ServiceLabels.ScheduleConcurrency) != "replace" && input.Tasks.Any(task => task.IsAlive || task.IsStopping);
        plan.RunAgain = !isLeft && schedule.NextAfter(last) is { } due && plan.IsTime(due);
        return !isFirst && !plan.RunAgain;
    }

    private static void AddReplicated(ServicePlan plan, PlanInput input, List<TaskSlot> slots)
    {
        var job = input.Service.Read.Mode!.ReplicatedJob!;
        var most = (int)Math.Min(job.MaxConcurrent ?? 1, int.MaxValue);
        var total = (int)Math.Min(job.TotalCompletions ?? (ulong)most, int.MaxValue);
        plan.Desired = Math.Min(most, total);
        var (done, alive) = (slots.Count(IsDone), slots.Count(slot => slot.IsAlive || slot.IsStopping));
        var budget = Math.Min(most, total - done) - alive;
        foreach (var slot in slots.Where(slot => !slot.IsAlive && !slot.IsStopping && !IsDone(slot)))
        {
            budget -= Retry(plan, input, slot, budget) ? 1 : 0;
        }

        var taken = slots.Select(slot => slot.Place.Slot).ToHashSet();
        for (var number = 0; budget > 0 && number < total; number++)
        {
            if (!taken.Contains(number))
            {
                plan.Create.Add(new NewTask(new TaskPlace(number)));
                budget--;
            }
        }
    }

    private static void AddGlobal(ServicePlan plan, PlanInput input, List<TaskSlot> slots)
    {
        var eligible = input.Nodes.Values.Where(node => node is { IsAlive: true, Satisfies: true, Availability: "active" }).ToList();
        plan.Desired = slots.Select(slot => slot.Place.Node!).Union(eligible.Select(node => node.Node.Metadata.Name), StringComparer.Ordinal).Count();
        foreach (var slot in slots.Where(slot => !slot.IsAlive && !slot.IsStopping && !IsDone(slot) && eligible.Exists(node => node.Node.Metadata.Name == slot.Place.Node)))
        {
            Retry(plan, input, slot, budget: 1);
        }

        plan.Create.AddRange(eligible.Where(node => !slots.Exists(slot => slot.Place.Node == node.Node.Metadata.Name)).Select(node => new NewTask(new TaskPlace(0, node.Node.Metadata.Name, node.Id))));
    }

    private static bool IsDone(TaskSlot slot) => slot.Tasks.Any(task => task.State == TaskState.Complete);

    private static bool Retry(ServicePlan plan, PlanInput input, TaskSlot slot, int budget)
    {
        if (budget <= 0 || Restarts.For(slot, input.Service.Read.TaskTemplate.RestartPolicy, input.Now, isJob: true) is not { } at)
        {
            return false;
        }

        plan.Create.Add(new NewTask(slot.Place, at > input.Now ? at : null));
        return true;
    }
}
