using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;

namespace Flotilla.Engine.Networks;

/// <summary><c>docker network connect, disconnect, prune</c>, and what the list of all networks needs of this machine's.</summary>
internal sealed class NetworkRoutes(EngineOptions options, NetworkStore networks, ContainerStore containers, ContainerNetworks links, NameServers names, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/networks/{id}/connect", ConnectAsync),
        new("POST", "/networks/{id}/disconnect", DisconnectAsync),
        new("POST", "/networks/prune", PruneAsync),
    ];

    public IReadOnlyList<JsonObject> Views => [.. networks.All.OrderByDescending(network => network.IsBuiltIn).ThenBy(network => network.Name, StringComparer.Ordinal).Select(View)];

    public async Task<DockerAnswer> CreateAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        if (spec.String("Name") is not { Length: > 0 } name)
        {
            throw DockerException.BadRequest("network name cannot be empty");
        }

        if (spec.String("Driver") is { Length: > 0 } driver && driver != "bridge")
        {
            throw driver is "host" or "null"
                ? new DockerException(403, $"only one instance of \"{driver}\" network is allowed")
                : new DockerException(404, $"could not find plugin {driver} in v1 plugin registry: plugin not found");
        }

        if (networks.All.Any(network => network.Name == name))
        {
            throw new DockerException(409, $"network with name {name} already exists");
        }

        var record = await RecordOfAsync(name, spec, cancellationToken);
        await links.Links.EnsureBridgeAsync(record, cancellationToken);
        networks.Add(record);
        await links.ApplyAsync(cancellationToken);
        names.Follow();
        events.Add("network", "create", record.Id, ("name", name), ("type", "bridge"));
        return DockerAnswer.Json(new JsonObject { ["Id"] = record.Id, ["Warning"] = "" }, 201);
    }

    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var network = networks.Find(id);
        if (network.IsBuiltIn)
        {
            throw new DockerException(403, $"{network.Name} is a pre-defined network and cannot be removed");
        }

        if (containers.All.Any(container => container.Record.State.IsRunning && container.Record.Networks.ContainsKey(network.Name)))
        {
            throw new DockerException(403, $"error while removing network: network {network.Name} id {network.Id} has active endpoints");
        }

        networks.Remove(network);
        names.Follow();
        await links.ApplyAsync(cancellationToken);
        await links.Links.RemoveBridgeAsync(network, cancellationToken);
        events.Add("network", "destroy", network.Id, ("name", network.Name), ("type", "bridge"));
    }

    private async Task<NetworkRecord> RecordOfAsync(string name, JsonObject spec, CancellationToken cancellationToken)
    {
        IPNetwork[] taken = [.. networks.Taken(), .. await NetworkLinks.InUseAsync(cancellationToken)];
        var wanted = spec.Object("IPAM").Objects("Config").FirstOrDefault();
        IPNetwork subnet;
        if (wanted.String("Subnet") is { Length: > 0 } text)
        {
            if (!IPNetwork.TryParse(text, out subnet) || subnet.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork)
            {
                throw DockerException.BadRequest($"invalid network config:\ninvalid subnet {text}: it must be an IPv4 network like 172.28.0.0/16");
            }

            if (taken.Any(other => AddressPool.Overlap(other, subnet)))
            {
                throw new DockerException(403, "invalid pool request: Pool overlaps with other one on this address space");
            }
        }
        else
        {
            subnet = AddressPool.NextSubnet(taken) ?? throw new DockerException(500, "all predefined address pools have been fully subnetted");
        }

        var id = Ids.New();
        return new NetworkRecord
        {
            Id = id,
            Name = name,
            Driver = "bridge",
            Created = time.GetUtcNow().UtcDateTime,
            Subnet = subnet.ToString(),
            Gateway = wanted.String("Gateway") is { Length: > 0 } gateway ? gateway : AddressPool.At(subnet, 1).ToString(),
            Bridge = options.LinkPrefix + id[..12],
            IsInternal = spec.Boolean("Internal") == true,
            IsAttachable = spec.Boolean("Attachable") == true,
            Options = spec.Object("Options")?.Copy() ?? [],
            Labels = spec.Object("Labels")?.Copy() ?? [],
        };
    }

    private async Task<DockerAnswer> ConnectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var network = networks.Find(request.Id);
        var container = containers.Find(body.String("Container") ?? "");
        if (!ContainerLaunch.HasOwnNetwork(container.Record) || !network.IsBridge)
        {
            throw DockerException.BadRequest("container cannot be connected to host network - container must be created in host network mode");
        }

        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            if (container.Record.Networks.ContainsKey(network.Name))
            {
                throw new DockerException(403, $"endpoint with name {container.Record.Name} already exists in network {network.Name}");
            }

            var endpoint = ContainerCreation.EndpointOf(network, body.Object("EndpointConfig"));
            if (container.Record.State.IsRunning)
            {
                await links.JoinRunningAsync(container, network, endpoint, cancellationToken);
            }

            container.Record.Networks[network.Name] = endpoint;
            container.Save();
            events.Add("network", "connect", network.Id, ("container", container.Id), ("name", network.Name), ("type", "bridge"));
            return DockerAnswer.Ok();
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private async Task<DockerAnswer> DisconnectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var network = networks.Find(request.Id);
        var container = containers.Find(body.String("Container") ?? "");
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            if (!container.Record.Networks.Remove(network.Name, out var endpoint))
            {
                throw new DockerException(403, $"container {container.Id} is not connected to network {network.Name}");
            }

            await links.LeaveRunningAsync(endpoint, cancellationToken);
            container.Save();
            events.Add("network", "disconnect", network.Id, ("container", container.Id), ("name", network.Name), ("type", "bridge"));
            return DockerAnswer.Ok();
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "label", "label!", "until");
        JsonArray deleted = [];
        foreach (var network in networks.All.Where(network => !network.IsBuiltIn && !containers.All.Any(container => container.Record.Networks.ContainsKey(network.Name))
            && filters.Labels("label", network.Labels.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal))).ToList())
        {
            await RemoveAsync(network.Id, cancellationToken);
            deleted.Add((JsonNode)network.Name);
        }

        return DockerAnswer.Json(new JsonObject { ["NetworksDeleted"] = deleted });
    }

    private JsonObject View(NetworkRecord network)
    {
        var members = new JsonObject();
        foreach (var container in containers.All.Where(container => container.Record.State.IsRunning))
        {
            if (container.Record.Networks.GetValueOrDefault(network.Name) is { Address.Length: > 0 } endpoint)
            {
                members[container.Id] = new JsonObject { ["Name"] = container.Record.Name, ["EndpointID"] = endpoint.EndpointId, ["MacAddress"] = endpoint.Mac, ["IPv4Address"] = $"{endpoint.Address}/{network.Range.PrefixLength}", ["IPv6Address"] = "" };
            }
        }

        return new JsonObject
        {
            ["Name"] = network.Name,
            ["Id"] = network.Id,
            ["Created"] = TimeWords.Of(network.Created),
            ["Scope"] = "local",
            ["Driver"] = network.Driver,
            ["EnableIPv4"] = true,
            ["EnableIPv6"] = false,
            ["IPAM"] = new JsonObject
            {
                ["Driver"] = "default", ["Options"] = null,
                ["Config"] = network.Subnet.Length == 0 ? new JsonArray() : new JsonArray(new JsonObject { ["Subnet"] = network.Subnet, ["Gateway"] = network.Gateway }),
            },
            ["Internal"] = network.IsInternal,
            ["Attachable"] = network.IsAttachable,
            ["Ingress"] = false,
            ["ConfigFrom"] = new JsonObject { ["Network"] = "" },
            ["ConfigOnly"] = false,
            ["Containers"] = members,
            ["Options"] = network.Options.Copy(),
            ["Labels"] = network.Labels.Copy(),
        };
    }
}
