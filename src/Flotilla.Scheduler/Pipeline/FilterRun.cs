using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>The filters made ready for one pod.</summary>
public sealed class FilterRun
{
    private readonly PluginSet plugins;
    private readonly SchedulingCycle cycle;
    private readonly List<(IFilterPlugin Plugin, NodeFilter Filter)> filters;

    public FilterRun(PluginSet plugins, SchedulingCycle cycle)
    {
        this.plugins = plugins;
        this.cycle = cycle;
        filters = Prepare();
    }

    /// <summary>
    /// Room that preemption makes belongs to the pod it was made for: one of no higher priority must fit with it there.
    /// It must fit without it too, for it may never come.
    /// </summary>
    public (IPlugin? Plugin, Verdict Verdict) Test(NodeInfo node)
    {
        if (cycle.Cluster.Nominations.Before(cycle.Pod, node) is { Count: > 0 } others)
        {
            others.ForEach(other => cycle.Cluster.Place(other, node.Name));
            var with = Run(Prepare(), node);
            others.ForEach(other => cycle.Cluster.Remove(other.Key));
            if (!with.Verdict.IsFit)
            {
                return with;
            }
        }

        return Run(filters, node);
    }

    private static (IPlugin? Plugin, Verdict Verdict) Run(List<(IFilterPlugin Plugin, NodeFilter Filter)> filters, NodeInfo node)
    {
        foreach (var (plugin, filter) in filters)
        {
            if (filter(node) is { IsFit: false } verdict)
            {
                return (plugin, verdict);
            }
        }

        return (null, Verdict.Fits);
    }

    private List<(IFilterPlugin Plugin, NodeFilter Filter)> Prepare()
    {
        List<(IFilterPlugin, NodeFilter)> prepared = new(plugins.Filters.Count);
        foreach (var plugin in plugins.Filters)
        {
            if (plugin.Filter(cycle) is { } filter)
            {
                prepared.Add((plugin, filter));
            }
        }

        return prepared;
    }
}
