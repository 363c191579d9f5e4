using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>
/// Moves one task after the other to nodes that have fewer of a service that asks for it: only when all of it runs, and
/// not before its youngest task has run for a while. A task that came back to where it was stays there. Pure.
/// </summary>
internal static class Rebalancing
{
    /// <summary>Below it a move makes nothing more even.</summary>
    private const int LeastDifference = 2;

    public static void Add(ServicePlan plan, PlanInput input, IReadOnlyList<TaskSlot> slots)
    {
        var spec = input.Service.Read;
        if (!ServiceLabels.IsSet(spec, ServiceLabels.Rebalance) || plan.IsBusy || plan.Update?.IsRunning == true || slots.Any(slot => !slot.IsRunning || slot.IsStopping))
        {
            return;
        }

        var counts = input.Nodes.Values.Where(node => node is { IsAlive: true, Satisfies: true, Availability: "active" }).ToDictionary(
            node => node.Node.Metadata.Name, node => slots.Count(slot => NodeOf(slot) == node.Node.Metadata.Name), StringComparer.Ordinal);
        if (counts.Count < 2 || Crowded(counts) is not { } crowded
            || slots.Where(slot => NodeOf(slot) == crowded && !CameBack(slot)).MaxBy(slot => slot.Place.Slot) is not { } moved)
        {
            return;
        }

        var youngest = slots.SelectMany(slot => slot.Alive).Max(task => task.Status.At);
        if (plan.IsTime(youngest + ServiceLabels.IntervalOf(spec)))
        {
            plan.Stop.AddRange(moved.Alive);
        }
    }

    private static string? Crowded(Dictionary<string, int> counts)
    {
        var most = counts.MaxBy(count => (count.Value, count.Key));
        return most.Value - counts.Values.Min() >= LeastDifference ? most.Key : null;
    }

    private static string? NodeOf(TaskSlot slot) => slot.Alive.First().Node;

    private static bool CameBack(TaskSlot slot) => slot.Over.FirstOrDefault() is { State: TaskState.Shutdown } last && last.TemplateHash == slot.Hash && last.Node == NodeOf(slot);
}
