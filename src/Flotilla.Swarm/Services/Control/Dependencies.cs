namespace Flotilla.Swarm.Services.Control;

/// <summary>Services that wait for others. Pure.</summary>
internal static class Dependencies
{
    /// <summary>What the service still waits for, in words; null: nothing.</summary>
    public static string? MissingOf(SwarmService service, IReadOnlyList<SwarmService> all)
    {
        foreach (var names in ServiceLabels.DependenciesOf(service.Read))
        {
            var found = names.Select(name => all.FirstOrDefault(other => other.Name == name && other.Metadata.DeletionTimestamp is null)).OfType<SwarmService>().FirstOrDefault();
            if (found is null || !IsUp(found))
            {
                return $"waiting for service {found?.Name ?? names[^1]} to {(found is null ? "be there" : ServicePlans.IsJob(found.Read.Mode) ? "complete" : "run")}";
            }
        }

        return null;
    }

    public static bool IsOf(SwarmService service, string name) => ServiceLabels.DependenciesOf(service.Read).Any(names => names.Contains(name, StringComparer.Ordinal));

    // A task with a health check runs when it is healthy.
    private static bool IsUp(SwarmService service)
    {
        if (service.Status is not { } status || status.ObservedGeneration != service.Metadata.Generation)
        {
            return false;
        }

        return service.Read.Mode switch
        {
            { ReplicatedJob: { } job } => (ulong)status.CompletedTasks >= (job.TotalCompletions ?? job.MaxConcurrent ?? 1),
            { GlobalJob: not null } => status.DesiredTasks > 0 && status.CompletedTasks >= status.DesiredTasks,
            _ => status.RunningTasks >= status.DesiredTasks,
        };
    }
}
