using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler;

/// <summary>The rules for pods of one <c>schedulerName</c>.</summary>
public sealed class SchedulingProfile(string name, PluginSet plugins, int percentageOfNodesToScore, EventRecorder events)
{
    public string Name => name;

    public PluginSet Plugins => plugins;

    public Placer Placer { get; } = new(plugins, percentageOfNodesToScore);

    public EventRecorder Events => events;

    /// <summary>Reserve and Permit. What was reserved is taken back when one says no.</summary>
    public (Verdict Verdict, Task<Verdict>? Wait) Reserve(SchedulingCycle cycle, NodeInfo node, TimeProvider time)
    {
        foreach (var plugin in plugins.Reservers)
        {
            if (plugin.Reserve(cycle, node) is { IsFit: false } verdict)
            {
                Unreserve(cycle, node.Name);
                return (verdict, null);
            }
        }

        List<Task<Verdict>> waits = [];
        foreach (var plugin in plugins.Permitters)
        {
            var result = plugin.Permit(cycle, node);
            if (!result.Verdict.IsFit)
            {
                Unreserve(cycle, node.Name);
                return (result.Verdict, null);
            }

            if (result.Wait is { } wait)
            {
                waits.Add(WaitAsync(plugin, wait, result.Timeout, time));
            }
        }

        return (Verdict.Fits, waits.Count == 0 ? null : AllAsync(waits));
    }

    /// <summary>In the opposite order.</summary>
    public void Unreserve(SchedulingCycle cycle, string nodeName)
    {
        for (var i = plugins.Reservers.Count - 1; i >= 0; i--)
        {
            plugins.Reservers[i].Unreserve(cycle, nodeName);
        }
    }

    private static async Task<Verdict> WaitAsync(IPermitPlugin plugin, Task<bool> wait, TimeSpan timeout, TimeProvider time)
    {
        try
        {
            return await wait.WaitAsync(timeout, time) ? Verdict.Fits : Verdict.No($"rejected by plugin {plugin.Name}");
        }
        catch (TimeoutException)
        {
            return Verdict.No($"rejected due to timeout after waiting {timeout.TotalSeconds:0}s at plugin {plugin.Name}");
        }
    }

    private static async Task<Verdict> AllAsync(List<Task<Verdict>> waits) =>
        (await Task.WhenAll(waits)).FirstOrDefault(verdict => !verdict.IsFit);
}
