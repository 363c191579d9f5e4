using Flotilla.Scheduler.Pipeline;

namespace Flotilla.Scheduler;

/// <summary>How the scheduler works. The defaults are upstream's.</summary>
public sealed record SchedulerOptions
{
    public const string DefaultName = "default-scheduler";

    /// <summary>After the first failed attempt a pod waits for this long at least.</summary>
    public TimeSpan PodInitialBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan PodMaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>By <c>schedulerName</c>.</summary>
    public IReadOnlyList<ProfileOptions> Profiles { get; init; } = [new ProfileOptions()];
}

/// <param name="Plugins">Makes the profile's rules; null for the default ones.</param>
/// <param name="PercentageOfNodesToScore">Of the nodes that fit, so many are enough; 0 lets the size of the cluster decide.</param>
public sealed record ProfileOptions(
    string Name = SchedulerOptions.DefaultName, Func<PluginContext, PluginSet>? Plugins = null, int PercentageOfNodesToScore = 0);
