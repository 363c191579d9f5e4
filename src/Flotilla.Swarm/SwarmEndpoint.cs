using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Events;
using Flotilla.Swarm.Members;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Networks.Attachments;
using Flotilla.Swarm.Swarms;
using k8s.Models;

namespace Flotilla.Swarm;

/// <summary>What the Docker API says of the swarm: every request is translated to objects of the cluster and back, nothing is kept.</summary>
public static class SwarmEndpoint
{
    /// <summary>As Docker says it of a locked manager.</summary>
    public const string Locked = "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker swarm unlock\" to unlock it.";

    /// <summary>As Docker says it where too few managers are there.</summary>
    public const string NoLeader = "The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.";

    public const string NotLocked = "swarm is not locked";

    public const string WrongUnlockKey = "swarm could not be unlocked: invalid key provided";

    /// <param name="newest">Answers show all that was committed before they were asked for.</param>
    /// <param name="autolock">Of this server.</param>
    /// <param name="machine">The networks and numbers of this machine beside the cluster's.</param>
    public static IEnumerable<Route> Routes(SwarmOptions options, IObjectClient client, InformerSet informers, NewestChanges newest, PodLogs logs, NodeDocker docker, NodeShutOut removeNode, NodeRoleChange changeRole, AuthorityRotate rotateAuthority, AutolockService autolock, IMachineEngine machine, TimeProvider time)
    {
        var context = new SwarmContext(client, informers, options, time, newest);
        context.Cluster.WhenServed(new SwarmEvents(machine, context.Now).Follow);
        machine.Join(new NodeAttachments(client, new Manager(context), async token => SwarmNetworks.Shared(await context.CurrentIfPossibleAsync(token)), informers.Of<V1Pod>(), time));
        return DockerRoutes.All(context, logs, docker, removeNode, changeRole, rotateAuthority, autolock, machine);
    }

    /// <summary>Of a machine that runs no server of the cluster.</summary>
    /// <param name="client">As the node itself.</param>
    /// <param name="nodes">Knows this machine's Node at least.</param>
    /// <param name="pods">Of all nodes, as who guards networks sees them.</param>
    public static IEnumerable<Route> WorkerRoutes(SwarmOptions options, IObjectClient client, Informer<V1Node> nodes, Informer<V1Pod> pods, IMachineEngine machine, TimeProvider time)
    {
        var worker = new Worker(options, nodes, time);
        machine.Join(new NodeAttachments(client, worker, worker.NetworksAsync, pods, time));
        return DockerRoutes.Of(worker, client, machine);
    }

    /// <summary>Of a machine whose server is locked.</summary>
    /// <param name="isOpen">Whether it was unlocked and its control plane does not work yet.</param>
    public static IEnumerable<Route> LockedRoutes(SwarmOptions options, SwarmUnlock unlock, Func<bool> isOpen, IMachineEngine machine, TimeProvider time) =>
        DockerRoutes.Of(new LockedMember(options, isOpen, time), unlock, machine);
}

/// <summary>For each resource a version after which nothing of it changed, as of now, whichever server wrote.</summary>
/// <exception cref="ApiException">Nobody knows at present.</exception>
public delegate Task<IReadOnlyList<long>> NewestChanges(IReadOnlyList<ResourceType> resources, CancellationToken cancellationToken);

/// <summary>Opens a locked server by the key, and returns when its control plane works.</summary>
/// <exception cref="DockerException">It is not the key, or the server does not start.</exception>
public delegate Task SwarmUnlock(ReadOnlyMemory<byte> key, CancellationToken cancellationToken);

/// <summary>Takes a node out of the cluster for good.</summary>
public delegate Task NodeShutOut(string node, CancellationToken cancellationToken);

/// <summary>Makes a node a manager or a worker, and returns when it is one.</summary>
/// <exception cref="DockerException">It cannot be, and why.</exception>
public delegate Task NodeRoleChange(V1Node node, bool toManager, CancellationToken cancellationToken);

/// <summary>Begins to exchange the cluster's certificate authority, for this one or, when both are null, for one that it makes; returns when that signs.</summary>
/// <exception cref="ApiException">It cannot be, and why.</exception>
public delegate Task AuthorityRotate(string? certificate, string? key, CancellationToken cancellationToken);

/// <summary>Opens a connection to the Docker API of a node.</summary>
/// <exception cref="ApiException">There is no such node, or it is not connected.</exception>
public delegate Task<HalfClosingSocket> NodeDocker(string node, CancellationToken cancellationToken);

/// <summary>Copies the log of a task's pod, wherever it runs: <c>(namespace, pod, options, destination)</c>.</summary>
public delegate Task PodLogs(string ns, string pod, LogOptions options, Stream destination, CancellationToken cancellationToken);
