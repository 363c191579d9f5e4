using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;

namespace Flotilla.Engine.Networks;

/// <summary><c>docker network prune</c>, and what the list of all networks needs of this machine's.</summary>
internal sealed class NetworkRoutes(EngineOptions options, NetworkStore networks, ContainerStore containers, ContainerNetworks links, NameServers names, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/networks/prune", PruneAsync),
    ];

    public IReadOnlyList<JsonObject> Views => [.. networks.All.OrderByDescending(network => network.IsBuiltIn).ThenBy(network => network.Name, StringComparer.Ordinal).Select(View)];

    public async Task<DockerAnswer> CreateAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        if (spec.String("Name") is not { Length: > 0 } name)
        {
            throw DockerException.BadRequest("network name cannot be empty");
        }

        if (!IsName(name))
        {
            throw DockerException.BadRequest($"invalid network name \"{name}\": only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
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

        if (MembersOf(network).Select(member => $"name:\"{member.Container.Record.Name}\" id:\"{member.Endpoint.EndpointId[..12]}\"").ToList() is { Count: > 0 } active)
        {
            throw new DockerException(403, $"error while removing network: network {network.Name} has active endpoints ({string.Join(", ", active)})");
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
        if (spec.Boolean("EnableIPv6") == true || spec.Object("IPAM").Objects("Config").Count() > 1)
        {
            throw DockerException.BadRequest("networks of this machine have one IPv4 subnet; leave --ipv6 and further subnets out");
        }

        var wanted = spec.Object("IPAM").Objects("Config").FirstOrDefault();
        IPNetwork subnet;
        if (wanted.String("Subnet") is { Length: > 0 } text)
        {
            if (!IPNetwork.TryParse(text, out subnet) || subnet.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork)
            {
                throw DockerException.BadRequest($"invalid network config:\ninvalid subnet {text}: it should be an IPv4 network like 172.28.0.0/16");
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

        var gateway = wanted.String("Gateway") is { Length: > 0 } given ? InSubnet(given, subnet, "gateway") : AddressPool.At(subnet, 1).ToString();
        var range = wanted.String("IPRange") is { Length: > 0 } part ? RangeIn(part, subnet).ToString() : "";
        var id = Ids.New();
        return new NetworkRecord
        {
            Id = id,
            Name = name,
            Driver = "bridge",
            Created = time.GetUtcNow().UtcDateTime,
            Subnet = subnet.ToString(),
            Gateway = gateway,
            AddressRange = range,
            Reserved = [.. (wanted.Object("AuxiliaryAddresses") ?? []).Select(pair => InSubnet(pair.Value.AsString() ?? "", subnet, "auxiliary"))],
            Bridge = options.LinkPrefix + id[..12],
            IsInternal = spec.Boolean("Internal") == true,
            IsAttachable = spec.Boolean("Attachable") == true,
            Options = spec.Object("Options")?.Copy() ?? [],
            Labels = spec.Object("Labels")?.Copy() ?? [],
        };
    }

    private static bool IsName(string name) => char.IsAsciiLetterOrDigit(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-');

    private static string InSubnet(string text, IPNetwork subnet, string what) => IPAddress.TryParse(text, out var address) && subnet.Contains(address)
        ? text
        : throw DockerException.BadRequest($"invalid network config:\ninvalid {what} {text}: parent subnet is an IPv4 block that does not contain it: {subnet}");

    private static IPNetwork RangeIn(string text, IPNetwork subnet) => IPNetwork.TryParse(text, out var range) && subnet.Contains(range.BaseAddress) && range.PrefixLength >= subnet.PrefixLength
        ? range
        : throw DockerException.BadRequest($"invalid network config:\ninvalid ip-range {text}: it should be within parent subnet {subnet}");

    private IEnumerable<(Container Container, EndpointRecord Endpoint)> MembersOf(NetworkRecord network) => containers.All.Where(container => container.Record.State.IsRunning)
        .Select(container => (container, container.Record.Networks.GetValueOrDefault(network.Name))).Where(pair => pair.Item2 is { Address.Length: > 0 }).Select(pair => (pair.container, pair.Item2!));

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "label", "label!", "until");
        var until = UntilFilter.Parse(filters, time.GetUtcNow().UtcDateTime);
        JsonArray deleted = [];
        foreach (var network in networks.All.Where(network => !network.IsBuiltIn && network.Created <= until && !containers.All.Any(container => container.Record.Networks.ContainsKey(network.Name))).ToList())
        {
            var labels = network.Labels.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);
            if (filters.Labels("label", labels) && filters.Without("label!", labels))
            {
                await RemoveAsync(network.Id, cancellationToken);
                deleted.Add((JsonNode)network.Name);
            }
        }

        events.Add("network", "prune", "", ("reclaimed", "0"));
        return DockerAnswer.Json(new JsonObject { ["NetworksDeleted"] = deleted.Count == 0 ? null : deleted });
    }

    private static JsonObject Ranges(NetworkRecord network)
    {
        var ranges = new JsonObject { ["Subnet"] = network.Subnet };
        if (network.AddressRange.Length > 0)
        {
            ranges["IPRange"] = network.AddressRange;
        }

        ranges["Gateway"] = network.Gateway;
        return ranges;
    }

    private JsonObject View(NetworkRecord network)
    {
        var members = new JsonObject();
        foreach (var (container, endpoint) in MembersOf(network))
        {
            members[container.Id] = new JsonObject { ["Name"] = container.Record.Name, ["EndpointID"] = endpoint.EndpointId, ["MacAddress"] = endpoint.Mac, ["IPv4Address"] = $"{endpoint.Address}/{network.Range.PrefixLength}", ["IPv6Address"] = "" };
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
                ["Config"] = network.Subnet.Length == 0 ? new JsonArray() : new JsonArray(Ranges(network)),
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
