using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Engine;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Secrets;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Swarms;
using Flotilla.Swarm.Tasks;
using Flotilla.Docker;

namespace Flotilla.Swarm;

/// <summary>What the Docker API answers of the swarm, and of what machine and swarm share.</summary>
internal static class DockerRoutes
{
    public static IEnumerable<Route> All(SwarmContext context, PodLogs logs, NodeShutOut removeNode, IMachineEngine machine) =>
    [
        .. new PingRoutes(context).All,
        .. new VersionRoutes(context).All,
        .. new InfoRoutes(context, machine).All,
        .. new DistributionRoutes().All,
        .. new SwarmRoutes(context).All,
        .. new NodeRoutes(context, removeNode).All,
        .. new ServiceRoutes(context).All,
        .. new TaskRoutes(context).All,
        .. new LogRoutes(context, logs).All,
        .. new NetworkRoutes(context, machine).All,
        .. new SecretRoutes(context).All,
        .. new ConfigRoutes(context).All,
    ];
}
