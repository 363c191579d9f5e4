using Flotilla.Scheduler.Configuration;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Plugins.Volumes;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Upstream's default plugins in upstream's order. A new plugin is one file and one line here.</summary>
public static class DefaultPlugins
{
    public static IReadOnlyList<IPlugin> All(PluginContext context) => All(context, PluginArguments.Default);

    public static IReadOnlyList<IPlugin> All(PluginContext context, PluginArguments arguments) =>
    [
        new SchedulingGates(),
        new PrioritySort(),
        new NodeUnschedulable(),
        new NodeName(),
        new TaintToleration(),
        new NodeAffinity(arguments.AddedAffinity),
        new NodePorts(),
        new NodeResourcesFit(arguments.Strategy, arguments.IgnoredResources),
        new VolumeRestrictions(),
        new NodeVolumeLimits(),
        new VolumeBinding(context),
        new VolumeZone(),
        new PodTopologySpread(arguments.Spread),
        new InterPodAffinity(arguments.HardPodAffinityWeight, arguments.IgnoresPreferredOfExisting),
        new DynamicResources(context),
        new DefaultPreemption(arguments.Preemption),
        new NodeResourcesBalancedAllocation(arguments.BalancedResources),
        new ImageLocality(),
        new DefaultBinder(context.Client),
        new NodeDeclaredFeatures(),
    ];
}
