using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Plugins.Volumes;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Upstream's default plugins in upstream's order. A new plugin is one file and one line here.</summary>
public static class DefaultPlugins
{
    public static IReadOnlyList<IPlugin> All(PluginContext context) =>
    [
        new SchedulingGates(),
        new PrioritySort(),
        new NodeUnschedulable(),
        new NodeName(),
        new TaintToleration(),
        new NodeAffinity(),
        new NodePorts(),
        new NodeResourcesFit(),
        new VolumeRestrictions(),
        new NodeVolumeLimits(),
        new VolumeBinding(context),
        new VolumeZone(),
        new PodTopologySpread(),
        new InterPodAffinity(),
        new DynamicResources(),
        new DefaultPreemption(),
        new NodeResourcesBalancedAllocation(),
        new ImageLocality(),
        new DefaultBinder(context.Client),
    ];
}
