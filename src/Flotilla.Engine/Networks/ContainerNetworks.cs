using System.Net;
using System.Net.Sockets;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Networks;

/// <summary>
/// Connects containers: addresses, links and published ports. What the kernel holds is worked out from the records of networks and containers, so
/// after a crash the same rules are written again.
/// </summary>
internal sealed class ContainerNetworks(EngineOptions options, NetworkStore networks, ContainerStore containers, NetworkLinks links, PodSandboxes sandboxes, EventLog events) : IDisposable
{
    private const int FirstPort = 32768;
    private const int LastPort = 60999;
    private readonly SemaphoreSlim gate = new(1);

    public NetworkLinks Links => links;

    /// <summary>null: this machine is in no swarm, or manages none.</summary>
    public ISwarmNetworks? Swarm { get; set; }

    /// <summary>Bridges and rules as the records say.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var network in networks.All.Where(network => network.IsBridge))
        {
            await links.EnsureBridgeAsync(network, cancellationToken);
        }

        await ApplyAsync(cancellationToken);
    }

    /// <summary>A namespace with a link into each of its networks, and its ports open.</summary>
    public async Task ConnectAsync(Container container, CancellationToken cancellationToken)
    {
        var place = await AttachAsync(container, cancellationToken);
        await gate.WaitAsync(cancellationToken);
        try
        {
            container.Record.State.Ports = [];
            if (place is not null)
            {
                await links.AdoptNamespaceAsync(container.Id, await sandboxes.ProcessAsync(place.Sandbox, cancellationToken), cancellationToken);
                container.Record.State.Ports = Publish(container);
                await ApplyAsync(cancellationToken);
                return;
            }

            await links.MakeNamespaceAsync(container.Id, cancellationToken);
            var device = 0;
            foreach (var endpoint in InOrder(container.Record).Select(pair => pair.Value))
            {
                // With none there is only the loopback.
                if (networks.Find(endpoint.NetworkId) is { IsBridge: true } network)
                {
                    await JoinAsync(container, network, endpoint, $"eth{device}", device == 0, cancellationToken);
                    device++;
                }
            }

            container.Record.State.Ports = Publish(container);
            await ApplyAsync(cancellationToken);
        }
        catch
        {
            await ReleaseAsync(container, CancellationToken.None);
            throw;
        }
        finally
        {
            gate.Release();
        }
    }

    public async Task DisconnectAsync(Container container, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await ReleaseAsync(container, cancellationToken);
            await ApplyAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }

        if (Swarm is { } swarm && container.Record.Networks.Values.Any(endpoint => networks.TryFind(endpoint.NetworkId) is null))
        {
            await DetachAsync(swarm, container, cancellationToken);
        }
    }

    /// <summary>One more network for a container that runs.</summary>
    public async Task JoinRunningAsync(Container container, NetworkRecord network, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var taken = container.Record.Networks.Values.Count(other => other.Address.Length > 0);
            await JoinAsync(container, network, endpoint, $"eth{taken}", taken == 0, cancellationToken);
            await ApplyAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    public async Task LeaveRunningAsync(EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await links.DisconnectAsync(endpoint, cancellationToken);
            await ApplyAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    public Task ApplyAsync(CancellationToken cancellationToken) =>
        links.ApplyAsync(PortTable.Script(options.TableName, networks.All, [.. containers.All.Where(container => container.Record.State.Ports.Count > 0).SelectMany(PortsOf)]), cancellationToken);

    public void Dispose() => gate.Dispose();

    /// <summary>An event of a network and one of its containers.</summary>
    public void Tell(string action, Container container, NetworkRecord network) =>
        events.Add("network", action, network.Id, ("container", container.Id), ("name", network.Name), ("type", network.Driver));

    private static IEnumerable<KeyValuePair<string, EndpointRecord>> InOrder(ContainerRecord record) => record.Networks.OrderBy(pair => pair.Key == record.NetworkMode ? 0 : 1);

    private static async Task DetachAsync(ISwarmNetworks swarm, Container container, CancellationToken cancellationToken)
    {
        try
        {
            await swarm.DetachAsync(container.Id, cancellationToken);
        }
        catch (Exception failure) when (failure is DockerException or TimeoutException or IOException)
        {
            // The cluster does not answer; what is left goes when the next container comes.
        }
    }

    /// <returns>null: it is in networks of this machine alone.</returns>
    private async Task<SwarmPlace?> AttachAsync(Container container, CancellationToken cancellationToken)
    {
        var record = container.Record;
        List<(string Name, EndpointRecord Endpoint, SwarmNetwork Network)> wanted = [];
        foreach (var (name, endpoint) in record.Networks.Where(pair => networks.TryFind(pair.Value.NetworkId) is null))
        {
            // What nobody knows is told when the machine's own are looked up.
            if (Swarm is null || await Swarm.FindAsync(endpoint.NetworkId, cancellationToken) is not { } network)
            {
                return null;
            }

            wanted.Add((name, endpoint, network));
        }

        if (wanted.Count == 0)
        {
            return null;
        }

        if (wanted.Find(one => !one.Network.IsAttachable) is { Network: { } closed })
        {
            throw new DockerException(403, $"Could not attach to network {closed.Name}: rpc error: code = PermissionDenied desc = network {closed.Name} not manually attachable");
        }

        if (wanted.Count < record.Networks.Count)
        {
            throw DockerException.BadRequest($"container {record.Name} cannot be in networks of the swarm and of this machine at once; leave one kind");
        }

        var place = await Swarm!.AttachAsync(container.Id, [.. wanted.Select(one => one.Network)], [record.Name, container.ShortId, .. wanted.SelectMany(one => one.Endpoint.Aliases)], cancellationToken);
        foreach (var (name, endpoint, network) in wanted)
        {
            record.Networks[name] = endpoint with { NetworkId = network.Id, Address = place.Address.ToString(), EndpointId = Ids.New(), Search = place.Search, IsInternal = network.IsInternal };
        }

        return place;
    }

    private async Task JoinAsync(Container container, NetworkRecord network, EndpointRecord endpoint, string device, bool isDefaultRoute, CancellationToken cancellationToken)
    {
        var taken = containers.All.SelectMany(other => other.Record.Networks.Values).Where(other => other != endpoint && other.NetworkId == network.Id)
            .SelectMany(other => (string[])[other.Address, other.WantedAddress]).Append(network.Gateway).Concat(network.Reserved).ToHashSet(StringComparer.Ordinal);
        var address = endpoint.WantedAddress.Length > 0 ? IPAddress.Parse(endpoint.WantedAddress) : AddressPool.NextAddress(network.Range, network.AddressRange.Length > 0 ? IPNetwork.Parse(network.AddressRange) : network.Range, taken)
            ?? throw new DockerException(500, "no available IPv4 addresses on this network's address pools: " + network.Name);
        if (endpoint.WantedAddress.Length > 0 && containers.All.SelectMany(other => other.Record.Networks.Values).Any(other => other != endpoint && other.NetworkId == network.Id && other.Address == endpoint.WantedAddress))
        {
            throw new DockerException(403, "Address already in use");
        }

        endpoint.Address = address.ToString();
        endpoint.Mac = AddressPool.MacOf(address);
        endpoint.EndpointId = Ids.New();
        endpoint.Link = options.LinkPrefix + Ids.New()[..10];
        await links.EnsureBridgeAsync(network, cancellationToken);
        await links.ConnectAsync(container.Id, device, network, endpoint, isDefaultRoute, cancellationToken);
        Tell("connect", container, network);
    }

    private List<PortRecord> Publish(Container container)
    {
        if (!container.Record.Networks.Values.Any(LeadsOut))
        {
            return [];
        }

        List<PortRecord> published = [];
        foreach (var wanted in PortBindings.Of(container.Record))
        {
            var port = wanted.HostPort == 0 ? wanted with { HostPort = FreePort(wanted, published) } : wanted;
            if (IsTaken(port, published) || !IsFree(port))
            {
                throw new DockerException(500, $"driver failed programming external connectivity on endpoint {container.Record.Name} ({container.Record.Networks.Values.First().EndpointId}): Bind for {(port.HostAddress.Length == 0 ? "0.0.0.0" : port.HostAddress)}:{port.HostPort} failed: port is already allocated");
            }

            published.Add(port);
        }

        return published;
    }

    private int FreePort(PortRecord wanted, List<PortRecord> beside)
    {
        for (var port = FirstPort; port <= LastPort; port++)
        {
            var candidate = wanted with { HostPort = port };
            if (!IsTaken(candidate, beside) && IsFree(candidate))
            {
                return port;
            }
        }

        throw new DockerException(500, "all ports are allocated");
    }

    private bool IsTaken(PortRecord wanted, List<PortRecord> beside) => containers.All.SelectMany(container => container.Record.State.Ports).Concat(beside).Any(port =>
        port.HostPort == wanted.HostPort && port.Protocol == wanted.Protocol && (port.HostAddress == wanted.HostAddress || port.HostAddress is "" or "0.0.0.0" || wanted.HostAddress is "" or "0.0.0.0"));

    // A program of the machine may listen there.
    private static bool IsFree(PortRecord port)
    {
        var address = port.HostAddress.Length == 0 ? IPAddress.Any : IPAddress.Parse(port.HostAddress);
        try
        {
            using var probe = port.Protocol == "udp" ? new Socket(SocketType.Dgram, ProtocolType.Udp) : new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(port.Protocol == "udp" ? address.MapToIPv6() : address, port.HostPort));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private IEnumerable<PublishedPort> PortsOf(Container container)
    {
        var endpoint = InOrder(container.Record).Select(pair => pair.Value).FirstOrDefault(endpoint => endpoint.Address.Length > 0 && LeadsOut(endpoint));
        return endpoint is null ? [] : container.Record.State.Ports.Select(port => new PublishedPort(port, endpoint.Address, IsSwarms(endpoint)));
    }

    private bool LeadsOut(EndpointRecord endpoint) => IsSwarms(endpoint) ? !endpoint.IsInternal : networks.TryFind(endpoint.NetworkId) is { IsBridge: true, IsInternal: false };

    // Only those have names that are looked for in domains.
    private static bool IsSwarms(EndpointRecord endpoint) => endpoint.Search.Count > 0;

    private async Task ReleaseAsync(Container container, CancellationToken cancellationToken)
    {
        await links.RemoveNamespaceAsync(container.Id, cancellationToken);
        foreach (var endpoint in container.Record.Networks.Values)
        {
            if (endpoint.Address.Length > 0 && networks.All.FirstOrDefault(network => network.Id == endpoint.NetworkId) is { } network)
            {
                Tell("disconnect", container, network);
            }

            (endpoint.Address, endpoint.EndpointId, endpoint.Link, endpoint.Search, endpoint.IsInternal) = ("", "", "", [], false);
        }

        container.Record.State.Ports = [];
    }
}
