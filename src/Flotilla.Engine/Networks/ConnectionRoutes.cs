using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Networks;

/// <summary><c>docker network connect, disconnect</c>: of this machine's networks and, for those that are attachable, of the swarm's.</summary>
internal sealed class ConnectionRoutes(NetworkStore networks, ContainerStore containers, ContainerNetworks links, SwarmPlaces places, ContainerFiles files)
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/networks/{id}/connect", ConnectAsync),
        new("POST", "/networks/{id}/disconnect", DisconnectAsync),
    ];

    private async Task<DockerAnswer> ConnectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var container = containers.Find(body.String("Container") ?? "");
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            if (networks.TryFind(request.Id) is not { } network)
            {
                await ConnectToSwarmAsync(container, request.Id, ContainerCreation.AliasesOf(body.Object("EndpointConfig")), cancellationToken);
            }
            else if (!ContainerLaunch.HasOwnNetwork(container.Record) || !network.IsBridge)
            {
                throw DockerException.BadRequest("container cannot be connected to host network - container must be created in host network mode");
            }
            else
            {
                await ConnectToBridgeAsync(container, network, ContainerCreation.EndpointOf(network, body.Object("EndpointConfig")), cancellationToken);
            }

            container.Save();
            return DockerAnswer.Ok();
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private async Task ConnectToBridgeAsync(Container container, NetworkRecord network, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        if (container.Record.Networks.ContainsKey(network.Name))
        {
            throw new DockerException(403, $"endpoint with name {container.Record.Name} already exists in network {network.Name}");
        }

        if (container.Record.State.IsRunning)
        {
            await files.FollowAsync(container, () => links.JoinRunningAsync(container, network, endpoint, cancellationToken), cancellationToken);
        }
        else
        {
            container.Record.Networks[network.Name] = endpoint;
            links.Tell("connect", container, network);
        }
    }

    private async Task ConnectToSwarmAsync(Container container, string word, List<string> aliases, CancellationToken cancellationToken)
    {
        var record = container.Record;
        if (!ContainerLaunch.HasOwnNetwork(record))
        {
            throw DockerException.BadRequest("container sharing network namespace with another container or host cannot be connected to any other network");
        }

        if (!record.State.IsRunning)
        {
            // Whether it is there, and attachable, counts when the container starts.
            var name = places.Swarm is { } swarm && await swarm.FindAsync(word, cancellationToken) is { } known ? known.Name : word;
            record.Networks[name] = new EndpointRecord { NetworkId = name, Aliases = aliases };
            return;
        }

        var network = await places.FindAsync(word, cancellationToken);
        if (record.Networks.ContainsKey(network.Name))
        {
            throw new DockerException(403, $"{record.Name} is already attached to network {network.Name}");
        }

        var endpoint = new EndpointRecord { NetworkId = network.Id, Aliases = aliases, IsInternal = network.IsInternal };
        await files.FollowAsync(container, () => links.JoinRunningAsync(container, network, endpoint, cancellationToken), cancellationToken);
    }

    private async Task<DockerAnswer> DisconnectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var container = containers.Find(body.String("Container") ?? "");
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            await DisconnectAsync(container, request.Id, cancellationToken);
            return DockerAnswer.Ok();
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private async Task DisconnectAsync(Container container, string word, CancellationToken cancellationToken)
    {
        var record = container.Record;
        var own = networks.TryFind(word);
        var swarms = own is null && places.Swarm is { } swarm ? await swarm.FindAsync(word, cancellationToken) : null;
        var name = own?.Name ?? swarms?.Name ?? word;
        if (!record.Networks.TryGetValue(name, out var endpoint))
        {
            throw !record.State.IsRunning ? new DockerException(500, $"container {container.Id} is not connected to the network {name}")
                : own is null && swarms is null ? new DockerException(404, $"network {word} not found")
                : new DockerException(403, $"container {container.Id} is not connected to network {name}");
        }

        if (record.State.IsRunning)
        {
            // Who is killed in between has left it: what remains of it goes when the next one takes over.
            await files.FollowAsync(container, () => LeaveAsync(container, name, endpoint, cancellationToken), cancellationToken);
        }
        else
        {
            record.Networks.Remove(name);
        }

        container.Save();
        if (own is not null)
        {
            links.Tell("disconnect", container, own);
        }
        else if (swarms is not null)
        {
            links.Tell("disconnect", container, swarms);
        }
    }

    private Task LeaveAsync(Container container, string name, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        container.Record.Networks.Remove(name);
        container.Save();
        return links.LeaveRunningAsync(container, endpoint, cancellationToken);
    }
}
