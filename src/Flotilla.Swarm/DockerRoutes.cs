using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Engine;
using Flotilla.Swarm.Members;
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
    public static IEnumerable<Route> All(SwarmContext context, PodLogs logs, NodeDocker docker, NodeShutOut removeNode, NodeRoleChange changeRole, AuthorityRotate rotateAuthority, AutolockService autolock, IMachineEngine machine) =>
    [
        .. OfMember(new Manager(context), machine),
        .. new SwarmRoutes(context, autolock, rotateAuthority).All,
        .. new NodeRoutes(context, removeNode, changeRole).All,
        .. new ServiceRoutes(context).All,
        .. new TaskRoutes(context).All,
        .. new LogRoutes(context, logs).All,
        .. new RemoteContainers(context, machine, new NodeEngines(docker)).All,
        .. new NetworkRoutes(context, machine).All,
        .. new SecretRoutes(context).All,
        .. new ConfigRoutes(context).All,
    ];

    /// <summary>Of a machine that runs no server.</summary>
    public static IEnumerable<Route> Of(Worker worker, IObjectClient client, IMachineEngine machine) =>
        [.. OfMember(worker, machine), .. new WorkerRoutes(worker, client).All, .. new WorkerNetworkRoutes(machine).All];

    /// <summary>Of a machine whose server is locked.</summary>
    public static IEnumerable<Route> Of(LockedMember member, SwarmUnlock unlock, IMachineEngine machine) =>
        [.. OfMember(member, machine), .. new LockedRoutes(member, unlock).All, .. new WorkerNetworkRoutes(machine).All];

    private static IEnumerable<Route> OfMember(IMember member, IMachineEngine machine) =>
        [.. new PingRoutes(member).All, .. new VersionRoutes(member).All, .. new InfoRoutes(member, machine).All, .. new DistributionRoutes().All];
}
