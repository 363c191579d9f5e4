namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>Tasks as they were seen so far: a state never goes back, nor what is wanted of a task.</summary>
internal sealed class TaskProgress
{
    private static readonly string[] Order =
        ["new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running", "complete", "shutdown", "failed", "rejected", "remove", "orphaned"];

    private readonly Dictionary<string, (int State, int Desired)> seen = new(StringComparer.Ordinal);

    public IEnumerable<string> Backwards(ClusterMoment moment)
    {
        foreach (var task in moment.Tasks)
        {
            var (id, state, desired) = ((string)task!["ID"]!, Array.IndexOf(Order, (string)task["Status"]!["State"]!), Array.IndexOf(Order, (string)task["DesiredState"]!));
            if (seen.TryGetValue(id, out var last) && (Backward(last.State, state) || last.Desired > desired))
            {
                yield return $"task {id} was {Order[last.State]} (wanted: {Order[last.Desired]}) and is {Order[state]} ({Order[desired]})";
            }

            seen[id] = (state, desired);
        }
    }

    // One that waits out its delay is ready, and is scheduled afterwards.
    private static bool Backward(int before, int now) => before > now && Order[before] != "ready";
}
