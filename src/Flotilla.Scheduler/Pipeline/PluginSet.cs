using Flotilla.Scheduler.Plugins;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>The rules in force. A new plugin is one file and one line here.</summary>
public sealed record PluginSet(IReadOnlyList<IFilterPlugin> Filters, IReadOnlyList<IScorePlugin> Scorers)
{
    public static PluginSet Default()
    {
        TaintToleration taints = new();
        NodeAffinity affinity = new();
        NodeResourcesFit fit = new();
        PodTopologySpread spread = new();
        InterPodAffinity near = new();

        // The first plugin that rejects a node gives the reason, so the order is upstream's.
        return new PluginSet(
            [new NodeUnschedulable(), new NodeName(), taints, affinity, new NodePorts(), fit, new VolumeBinding(), spread, near],
            [taints, affinity, fit, spread, near, new NodeResourcesBalancedAllocation(), new ImageLocality()]);
    }
}
