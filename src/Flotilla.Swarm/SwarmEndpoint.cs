using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;

namespace Flotilla.Swarm;

/// <summary>What the Docker API says of the swarm: every request is translated to objects of the cluster and back, nothing is kept.</summary>
public static class SwarmEndpoint
{
    /// <param name="machine">The networks and numbers of this machine beside the cluster's.</param>
    public static IEnumerable<Route> Routes(SwarmOptions options, IObjectClient client, InformerSet informers, PodLogs logs, NodeShutOut removeNode, IMachineEngine machine, TimeProvider time) =>
        DockerRoutes.All(new SwarmContext(client, informers, options, time), logs, removeNode, machine);
}

/// <summary>Takes a node out of the cluster for good.</summary>
public delegate Task NodeShutOut(string node, CancellationToken cancellationToken);

/// <summary>Copies the log of a task's pod, wherever it runs: <c>(namespace, pod, options, destination)</c>.</summary>
public delegate Task PodLogs(string ns, string pod, LogOptions options, Stream destination, CancellationToken cancellationToken);
