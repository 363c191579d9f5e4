using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Engine;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Secrets;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Swarms;
using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Wire;

namespace Flotilla.Swarm;

/// <summary>Everything the Docker API answers.</summary>
internal static class DockerRoutes
{
    public static IEnumerable<Route> All(SwarmContext context, PodLogs logs, NodeShutOut removeNode) =>
    [
        .. new PingRoutes(context).All,
        .. new VersionRoutes(context).All,
        .. new InfoRoutes(context).All,
        .. new DistributionRoutes().All,
        .. new SwarmRoutes(context).All,
        .. new NodeRoutes(context, removeNode).All,
        .. new ServiceRoutes(context).All,
        .. new TaskRoutes(context).All,
        .. new LogRoutes(context, logs).All,
        .. new NetworkRoutes(context).All,
        .. new SecretRoutes(context).All,
        .. new ConfigRoutes(context).All,
    ];
}
