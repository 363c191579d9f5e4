using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>A task on every node that may have one. Pure.</summary>
internal static class GlobalPlan
{
    public static ServicePlan For(PlanInput input)
    {
        var plan = new ServicePlan(input.Now);
        var slots = TaskSlot.ByNode(input.Tasks, input.Hash, name => input.Nodes.GetValueOrDefault(name)?.Id);
        var eligible = input.Nodes.Values.Where(node => node is { IsAlive: true, Satisfies: true, Availability: not "drain" }).ToDictionary(node => node.Node.Metadata.Name, StringComparer.Ordinal);
        plan.Desired = eligible.Count;

        // Nodes that left, or may no longer have one: what ran there is over.
        foreach (var slot in slots.Where(slot => !eligible.ContainsKey(slot.Place.Node!)))
        {
            plan.Stop.AddRange(slot.Alive);
        }

        var kept = slots.Where(slot => eligible.ContainsKey(slot.Place.Node!)).ToList();
        TaskUpkeep.Add(plan, input, slots);
        new RollingUpdate(plan, input, kept).Add();
        var vacant = kept.Where(slot => !slot.IsAlive && !slot.IsStopping).ToList();
        foreach (var slot in vacant.Where(slot => eligible[slot.Place.Node!].Availability == "active"))
        {
            if (Restarts.For(slot, input.Service.Read.TaskTemplate.RestartPolicy, input.Now) is { } at)
            {
                plan.Create.Add(new NewTask(slot.Place, at > input.Now ? at : null));
            }
        }

        var known = kept.Select(slot => slot.Place.Node!).ToHashSet(StringComparer.Ordinal);
        plan.Create.AddRange(eligible.Values.Where(node => node.Availability == "active" && !known.Contains(node.Node.Metadata.Name))
            .Select(node => new NewTask(new TaskPlace(0, node.Node.Metadata.Name, node.Id))));
        return plan;
    }
}
