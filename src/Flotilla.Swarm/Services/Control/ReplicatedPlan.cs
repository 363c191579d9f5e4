using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>So many slots, each with a task. Pure.</summary>
internal static class ReplicatedPlan
{
    public static ServicePlan For(PlanInput input)
    {
        var plan = new ServicePlan(input.Now);
        var slots = TaskSlot.BySlot(input.Tasks, input.Hash);
        var wanted = (int)Math.Min(input.Service.Read.Mode?.Replicated?.Replicas ?? 1, int.MaxValue);
        plan.Desired = wanted;
        if (slots.Count > wanted)
        {
            var surplus = Surplus(slots, slots.Count - wanted, input);
            plan.Remove.AddRange(surplus.SelectMany(slot => slot.Tasks).Where(task => task.IsKept || task.IsAlive));
            slots.RemoveAll(surplus.Contains);
        }

        TaskUpkeep.Add(plan, input, slots);
        new RollingUpdate(plan, input, slots).Add();
        foreach (var slot in slots.Where(slot => !slot.IsAlive && !slot.IsStopping))
        {
            if (Restarts.For(slot, input.Service.Read.TaskTemplate.RestartPolicy, input.Now) is { } at)
            {
                plan.Create.Add(new NewTask(slot.Place, at > input.Now ? at : null));
            }
        }

        AddSlots(plan, slots, wanted);
        Rebalancing.Add(plan, input, slots);
        return plan;
    }

    private static void AddSlots(ServicePlan plan, List<TaskSlot> slots, int wanted)
    {
        var taken = slots.Select(slot => slot.Place.Slot).ToHashSet();
        var missing = wanted - slots.Count;
        for (var number = 1; missing > 0; number++)
        {
            if (!taken.Contains(number))
            {
                plan.Create.Add(new NewTask(new TaskPlace(number)));
                missing--;
            }
        }
    }

    /// <summary>Those first that do not run, then those of the nodes with most of them.</summary>
    private static HashSet<TaskSlot> Surplus(List<TaskSlot> slots, int count, PlanInput input)
    {
        var load = input.Tasks.Where(task => task.IsAlive && task.Node is not null).CountBy(task => task.Node!).ToDictionary(StringComparer.Ordinal);
        var chosen = new HashSet<TaskSlot>(count);
        var next = new PriorityQueue<TaskSlot, (bool IsRunning, int Load, int Slot)>(slots.Select(slot => (slot, RankOf(slot))));
        while (chosen.Count < count && next.TryDequeue(out var slot, out var rank))
        {
            // Its node may have become emptier since it was queued: loads only fall, so others may be before it now.
            if (RankOf(slot) is var now && now != rank)
            {
                next.Enqueue(slot, now);
                continue;
            }

            chosen.Add(slot);
            foreach (var node in slot.Alive.Select(task => task.Node).OfType<string>())
            {
                load[node]--;
            }
        }

        return chosen;

        (bool IsRunning, int Load, int Slot) RankOf(TaskSlot slot) => (slot.IsRunning, -LoadOf(slot), -slot.Place.Slot);

        int LoadOf(TaskSlot slot) => slot.Alive.Select(task => task.Node).OfType<string>().Select(node => load[node]).DefaultIfEmpty(0).Max();
    }
}
