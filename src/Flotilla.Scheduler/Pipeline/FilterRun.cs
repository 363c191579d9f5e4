using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>The filters made ready for one pod.</summary>
public sealed class FilterRun
{
    private readonly PluginSet plugins;
    private readonly SchedulingCycle cycle;
    private readonly List<Step> all;
    private readonly List<Step> local = [];
    private readonly List<Step> others = [];

    public FilterRun(PluginSet plugins, SchedulingCycle cycle)
    {
        this.plugins = plugins;
        this.cycle = cycle;
        all = Prepare();
        foreach (var step in all)
        {
            (step.Plugin is ILocalFilterPlugin ? local : others).Add(step);
        }
    }

    /// <summary>
    /// Room that preemption makes belongs to the pod it was made for: one of no higher priority must fit with it there.
    /// It must fit without it too, for it may never come.
    /// </summary>
    public (IPlugin? Plugin, Verdict Verdict) Test(NodeInfo node) =>
        WithNominated(node) is { Verdict.IsFit: false } rejected ? rejected : Run(all, node);

    /// <summary>The same, asking local rules only if the node has changed since they gave <paramref name="known"/>, which is brought up to date.</summary>
    internal (IPlugin? Plugin, Verdict Verdict) Test(NodeInfo node, ref Answer known)
    {
        if (WithNominated(node) is { Verdict.IsFit: false } rejected)
        {
            return rejected;
        }

        if (known.Version != cycle.Cluster.Versions[known.Place])
        {
            known = Ask(node);
        }

        // The first that rejects gives the reason, whichever kind it is of.
        foreach (var (place, plugin, filter) in others)
        {
            if (place > known.RejectedAt)
            {
                break;
            }

            if (filter(node) is { IsFit: false } verdict)
            {
                return (plugin, verdict);
            }
        }

        return known.Verdict.IsFit ? default : (plugins.Filters[known.RejectedAt], known.Verdict);
    }

    private (IPlugin? Plugin, Verdict Verdict) WithNominated(NodeInfo node)
    {
        if (cycle.Cluster.Nominations.Count == 0 || cycle.Cluster.Nominations.Before(cycle.Pod, node) is not { Count: > 0 } nominated)
        {
            return default;
        }

        nominated.ForEach(other => cycle.Cluster.Place(other, node.Name));
        var with = Run(Prepare(), node);
        nominated.ForEach(other => cycle.Cluster.Remove(other.Key));
        return with;
    }

    private Answer Ask(NodeInfo node)
    {
        foreach (var (place, _, filter) in local)
        {
            if (filter(node) is { IsFit: false } verdict)
            {
                return Answered(node, place, verdict);
            }
        }

        return Answered(node, int.MaxValue, Verdict.Fits);
    }

    private Answer Answered(NodeInfo node, int rejectedAt, Verdict verdict) =>
        new() { Version = cycle.Cluster.Versions[node.Place], Place = node.Place, RejectedAt = rejectedAt, Verdict = verdict };

    private static (IPlugin? Plugin, Verdict Verdict) Run(List<Step> steps, NodeInfo node)
    {
        foreach (var (_, plugin, filter) in steps)
        {
            if (filter(node) is { IsFit: false } verdict)
            {
                return (plugin, verdict);
            }
        }

        return (null, Verdict.Fits);
    }

    private List<Step> Prepare()
    {
        List<Step> prepared = new(plugins.Filters.Count);
        for (var place = 0; place < plugins.Filters.Count; place++)
        {
            if (plugins.Filters[place].Filter(cycle) is { } filter)
            {
                prepared.Add(new Step(place, plugins.Filters[place], filter));
            }
        }

        return prepared;
    }

    /// <param name="Place">Among all filters.</param>
    private readonly record struct Step(int Place, IFilterPlugin Plugin, NodeFilter Filter);
}
