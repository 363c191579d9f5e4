using System.Net;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Networks;

/// <summary>
/// Connects containers: addresses, links and published ports. What the kernel holds is worked out from the records of networks and containers, so
/// after a crash the same rules are written again.
/// </summary>
internal sealed class ContainerNetworks(EngineOptions options, NetworkStore networks, ContainerStore containers, NetworkLinks links, SwarmPlaces places, EventLog events) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly PortChoice ports = new(containers);

    public NetworkLinks Links => links;

    /// <summary>Bridges, links and rules as the records say.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var network in networks.All.Where(network => network.IsBridge))
        {
            await links.EnsureBridgeAsync(network, cancellationToken);
        }

        foreach (var container in containers.All.Where(container => container.Record.State.IsRunning && links.HasNamespace(container.Id)))
        {
            await RemoveStrayAsync(container, cancellationToken);
        }

        places.Load(containers.All);
        await ApplyAsync(cancellationToken);
    }

    /// <summary>A namespace with a link into each of its networks, and its ports open.</summary>
    public async Task ConnectAsync(Container container, CancellationToken cancellationToken)
    {
        var swarms = await NameSwarmsAsync(container, cancellationToken);
        var place = Ids.New();
        (SwarmPlace Place, int Process)? found = swarms.Count > 0 ? await places.EnterAsync(container, place, swarms, cancellationToken) : null;
        await gate.WaitAsync(cancellationToken);
        try
        {
            container.Record.State.Ports = [];
            await links.MakeNamespaceAsync(container.Id, cancellationToken);
            foreach (var (name, endpoint) in InOrder(container.Record))
            {
                if (found is { } there && swarms.Contains(endpoint))
                {
                    await TakeAsync(container, place, there.Place, there.Process, swarms, cancellationToken);
                }
                else if (networks.Find(endpoint.NetworkId) is { IsBridge: true } network)
                {
                    // With none there is only the loopback.
                    await JoinAsync(container, network, endpoint, cancellationToken);
                }
            }

            await SettleAsync(container, cancellationToken);
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

        await places.LeaveAllAsync(container, cancellationToken);
    }

    /// <summary>One more network for a container that runs.</summary>
    public async Task JoinRunningAsync(Container container, NetworkRecord network, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        RefuseAdopted(container);
        await gate.WaitAsync(cancellationToken);
        try
        {
            await JoinAsync(container, network, endpoint, cancellationToken);
            container.Record.Networks[network.Name] = endpoint;
            await SettleAsync(container, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>One more network of the swarm for a container that runs.</summary>
    public async Task JoinRunningAsync(Container container, SwarmNetwork network, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        RefuseAdopted(container);
        var swarms = container.Record.Networks.Values.Where(SwarmPlaces.IsSwarms).ToList();
        var place = swarms.Count == 0 ? Ids.New() : swarms[0].Place;
        var (found, process) = await places.EnterAsync(container, place, swarms.Append(endpoint), cancellationToken);
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (swarms.Count == 0)
            {
                await TakeAsync(container, place, found, process, [endpoint], cancellationToken);
            }
            else
            {
                (endpoint.Device, endpoint.Gateway) = (swarms[0].Device, swarms[0].Gateway);
                Place(swarms.Append(endpoint), place, found);
            }

            container.Record.Networks[network.Name] = endpoint;
            await SettleAsync(container, cancellationToken);
            Tell("connect", container, network);
        }
        catch when (!container.Record.Networks.ContainsKey(network.Name))
        {
            await places.LeaveAsync(container, endpoint, swarms, CancellationToken.None);
            throw;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Takes the link to the swarm's networks from a container: its addresses are given to others now.</summary>
    public async Task CutAsync(Container container, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var endpoint in container.Record.Networks.Values.Where(SwarmPlaces.IsSwarms))
            {
                if ((await links.DevicesAsync(container.Id, cancellationToken)).Contains(endpoint.Device))
                {
                    await links.DeleteDeviceAsync(container.Id, endpoint.Device, cancellationToken);
                }

                (endpoint.Address, endpoint.Sandbox, endpoint.Device, endpoint.Gateway) = ("", "", "", "");
            }

            await SettleAsync(container, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Another link for one that was cut.</summary>
    /// <exception cref="DockerException">The cluster gives none.</exception>
    public async Task RejoinAsync(Container container, CancellationToken cancellationToken)
    {
        var swarms = container.Record.Networks.Values.Where(SwarmPlaces.IsSwarms).ToList();
        var place = Ids.New();
        var (found, process) = await places.EnterAsync(container, place, swarms, cancellationToken);
        await gate.WaitAsync(cancellationToken);
        try
        {
            await TakeAsync(container, place, found, process, swarms, cancellationToken);
            await SettleAsync(container, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>After its record forgot the network.</summary>
    public async Task LeaveRunningAsync(Container container, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        var swarms = container.Record.Networks.Values.Where(SwarmPlaces.IsSwarms).ToList();
        if (SwarmPlaces.IsSwarms(endpoint))
        {
            await places.LeaveAsync(container, endpoint, swarms, cancellationToken);
        }

        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!SwarmPlaces.IsSwarms(endpoint))
            {
                await links.DisconnectAsync(endpoint, cancellationToken);
            }
            else if (swarms.Count == 0 && (await links.DevicesAsync(container.Id, cancellationToken)).Contains(endpoint.Device))
            {
                await links.DeleteDeviceAsync(container.Id, endpoint.Device, cancellationToken);
            }

            foreach (var other in swarms.Where(_ => SwarmPlaces.IsSwarms(endpoint)))
            {
                other.Search = [.. other.Search.Where(domain => !domain.StartsWith(endpoint.NetworkId + ".", StringComparison.Ordinal))];
            }

            await SettleAsync(container, cancellationToken);
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

    public void Tell(string action, Container container, SwarmNetwork network) =>
        events.Add("network", action, network.Id, ("container", container.Id), ("name", network.Name), ("type", "overlay"));

    private static IEnumerable<KeyValuePair<string, EndpointRecord>> InOrder(ContainerRecord record) => record.Networks.OrderBy(pair => pair.Key == record.NetworkMode ? 0 : 1);

    /// <summary>Those of its networks that are the swarm's, under their names and ids.</summary>
    private async Task<List<EndpointRecord>> NameSwarmsAsync(Container container, CancellationToken cancellationToken)
    {
        var record = container.Record;
        List<EndpointRecord> swarms = [];
        foreach (var (name, endpoint) in record.Networks.Where(pair => networks.TryFind(pair.Value.NetworkId) is null).ToList())
        {
            var network = await places.FindAsync(endpoint.NetworkId, cancellationToken);
            var named = endpoint with { NetworkId = network.Id, IsInternal = network.IsInternal };
            if (record.NetworkMode == name)
            {
                record.HostConfig["NetworkMode"] = network.Name;
            }

            record.Networks.Remove(name);
            record.Networks[network.Name] = named;
            swarms.Add(named);
        }

        return swarms;
    }

    // The first time around it brings the link for all of them.
    private async Task TakeAsync(Container container, string place, SwarmPlace found, int process, IReadOnlyList<EndpointRecord> swarms, CancellationToken cancellationToken)
    {
        if (swarms[0].Device.Length > 0)
        {
            return;
        }

        var device = await FreeDeviceAsync(container, cancellationToken);
        var gateway = await links.TakeAsync(container.Id, process, device, cancellationToken);
        foreach (var endpoint in swarms)
        {
            (endpoint.Device, endpoint.Gateway) = (device, gateway);
        }

        Place(swarms, place, found);
    }

    private static void Place(IEnumerable<EndpointRecord> swarms, string place, SwarmPlace found)
    {
        foreach (var endpoint in swarms)
        {
            (endpoint.Place, endpoint.Sandbox, endpoint.Address, endpoint.Search) = (place, found.Sandbox, found.Address.ToString(), found.Search);
            endpoint.EndpointId = endpoint.EndpointId.Length > 0 ? endpoint.EndpointId : Ids.New();
        }
    }

    private async Task<string> FreeDeviceAsync(Container container, CancellationToken cancellationToken)
    {
        var taken = await links.DevicesAsync(container.Id, cancellationToken);
        return Enumerable.Range(0, taken.Count + 1).Select(number => $"eth{number}").First(name => !taken.Contains(name));
    }

    /// <summary>What depends on all networks of a container that runs: the way out, its ports, and that nothing passes through it.</summary>
    private async Task SettleAsync(Container container, CancellationToken cancellationToken)
    {
        var endpoints = InOrder(container.Record).Select(pair => pair.Value).Where(endpoint => endpoint.Address.Length > 0).ToList();
        var way = endpoints.Find(LeadsOut);
        if (endpoints.TrueForAll(endpoint => endpoint.Device.Length > 0))
        {
            await links.LeadOutAsync(container.Id, way?.Gateway ?? "", way?.Device ?? "", cancellationToken);
        }

        if (endpoints.Exists(SwarmPlaces.IsSwarms) && endpoints.Exists(endpoint => !SwarmPlaces.IsSwarms(endpoint)) && container.Record.HostConfig.Object("Sysctls").String("net.ipv4.ip_forward") is null)
        {
            await links.StopForwardingAsync(container.Id, cancellationToken);
        }

        var state = container.Record.State;
        state.Ports = way is null ? [] : state.Ports.Count > 0 ? state.Ports : ports.Choose(container);
        await ApplyAsync(cancellationToken);
    }

    // One that an earlier version started is in the namespace of its pod, or nobody knows which of its links is which.
    private static void RefuseAdopted(Container container)
    {
        if (container.Record.Networks.Values.Any(endpoint => SwarmPlaces.IsSwarms(endpoint) && endpoint.Device.Length == 0))
        {
            throw new DockerException(500, $"container {container.Record.Name} was started by an earlier version, which knew one kind of network for a container: docker restart {container.Record.Name} first");
        }
    }

    // A process that was killed in between has linked it to what its record does not tell, or tells no more.
    private async Task RemoveStrayAsync(Container container, CancellationToken cancellationToken)
    {
        var connected = container.Record.Networks.Values.Where(endpoint => endpoint.Address.Length > 0).ToList();
        if (connected.Exists(endpoint => endpoint.Device.Length == 0))
        {
            return;
        }

        foreach (var stray in (await links.DevicesAsync(container.Id, cancellationToken)).Where(device => !connected.Exists(endpoint => endpoint.Device == device)))
        {
            await links.DeleteDeviceAsync(container.Id, stray, cancellationToken);
        }
    }

    private async Task JoinAsync(Container container, NetworkRecord network, EndpointRecord endpoint, CancellationToken cancellationToken)
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
        endpoint.Device = await FreeDeviceAsync(container, cancellationToken);
        endpoint.Gateway = network.Gateway;
        await links.EnsureBridgeAsync(network, cancellationToken);
        await links.ConnectAsync(container.Id, endpoint.Device, network, endpoint, cancellationToken);
        Tell("connect", container, network);
    }

    private IEnumerable<PublishedPort> PortsOf(Container container)
    {
        var endpoint = InOrder(container.Record).Select(pair => pair.Value).FirstOrDefault(endpoint => endpoint.Address.Length > 0 && LeadsOut(endpoint));
        return endpoint is null ? [] : container.Record.State.Ports.Select(port => new PublishedPort(port, endpoint.Address, SwarmPlaces.IsSwarms(endpoint)));
    }

    private bool LeadsOut(EndpointRecord endpoint) => SwarmPlaces.IsSwarms(endpoint) ? !endpoint.IsInternal : networks.TryFind(endpoint.NetworkId) is { IsBridge: true, IsInternal: false };

    private async Task ReleaseAsync(Container container, CancellationToken cancellationToken)
    {
        await links.RemoveNamespaceAsync(container.Id, cancellationToken);
        foreach (var endpoint in container.Record.Networks.Values)
        {
            if (endpoint.Address.Length > 0 && networks.All.FirstOrDefault(network => network.Id == endpoint.NetworkId) is { } network)
            {
                Tell("disconnect", container, network);
            }

            (endpoint.Address, endpoint.EndpointId, endpoint.Link, endpoint.Device, endpoint.Gateway) = ("", "", "", "", "");
            (endpoint.Place, endpoint.Sandbox, endpoint.Search, endpoint.IsInternal) = ("", "", [], false);
        }

        container.Record.State.Ports = [];
    }
}
