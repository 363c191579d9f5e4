using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Networks.Attachments;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Networks;

/// <summary><c>docker network</c>: networks of the swarm, and those of this machine as its engine shows them.</summary>
internal sealed class NetworkRoutes(SwarmContext context, IMachineEngine machine)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/networks", ListAsync),
        new("POST", "/networks/create", CreateAsync),
        new("GET", "/networks/{id}", InspectAsync),
        new("DELETE", "/networks/{id}", RemoveAsync),
    ];

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        return DockerAnswer.Json(WireJson.Array(Filtered(Shown(await context.CurrentIfPossibleAsync(cancellationToken)), request).Select(NetworkView.Of)));
    }

    internal static IEnumerable<NetworkEntry> Filtered(IEnumerable<NetworkEntry> networks, DockerRequest request)
    {
        var filters = Filters.Parse(request.Query("filters"), "dangling", "driver", "id", "label", "name", "scope", "type");
        return networks.Where(network =>
            filters.Is("driver", network.Driver) && filters.Is("scope", network.Scope)
            && filters.Is("type", IsBuiltIn(network) ? "builtin" : "custom")
            && (!filters.Has("id") || filters["id"].Any(id => network.Id.Contains(id, StringComparison.Ordinal)))
            && (!filters.Has("name") || filters["name"].Any(name => network.Name.Contains(name, StringComparison.Ordinal)))
            && filters.Labels("label", LabelsOf(network)));
    }

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var all = Shown(await context.CurrentIfPossibleAsync(cancellationToken)).Where(network => IsIn(network, request.Query("scope"))).ToList();
        return DockerAnswer.Json(NetworkView.Of(SwarmNetworks.Find(request.Id, all)));
    }

    // The host's network is each machine's own, yet services may ask for it.
    private static bool IsIn(NetworkEntry network, string? scope) =>
        scope is null or "" || scope == network.Scope || (scope == "swarm" && network.Id == SwarmNetworks.HostId);

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var spec = await request.BodyAsync(cancellationToken);
        if (spec.String("Driver") is not "overlay")
        {
            return await machine.CreateNetworkAsync(spec, cancellationToken);
        }

        var known = await context.ManagerAsync(cancellationToken);
        if (spec.String("Name") is not { Length: > 0 } name)
        {
            throw DockerException.BadRequest("network name cannot be empty");
        }

        if (SwarmNetworks.All(known).Any(network => network.Name == name))
        {
            throw new DockerException(409, $"network with name {name} already exists");
        }

        Accept(spec, known);
        var network = new SwarmNetworkObject
        {
            Metadata = new V1ObjectMeta { Name = ObjectNames.Label(name), NamespaceProperty = context.Options.Namespace },
            Spec = WireJson.Element(spec),
        };
        try
        {
            var created = await context.Client.CreateAsync(network, cancellationToken);
            return DockerAnswer.Json(new JsonObject { ["Id"] = SwarmInformers.IdOf(created), ["Warning"] = "" }, 201);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            throw new DockerException(409, $"network with name {name} already exists");
        }
    }

    private static void Accept(JsonObject spec, SwarmInformers known)
    {
        if (spec.Boolean("Ingress") == true)
        {
            var ingress = SwarmNetworks.Find(SwarmNetworks.Ingress, SwarmNetworks.All(known));
            throw new DockerException(409, $"rpc error: code = AlreadyExists desc = ingress network ({ingress.Id}) is already present");
        }

        if (spec.Object("Options")?.ContainsKey("encrypted") == true)
        {
            throw DockerException.BadRequest("encrypted networks need IPsec or WireGuard, which Flotilla does not set up yet; leave --opt encrypted out");
        }

        spec["Driver"] = "overlay";
        var addresses = spec.Child("IPAM");
        addresses.DefaultText("Driver", "default");
        if (addresses.Array("Config") is not { Count: > 0 })
        {
            addresses["Config"] = new JsonArray(new JsonObject { ["Subnet"] = SwarmNetworks.NextSubnet(known) });
        }

        foreach (var range in addresses.Objects("Config"))
        {
            if (!IPNetwork.TryParse(range.String("Subnet"), out _))
            {
                throw DockerException.BadRequest($"invalid network config:\ninvalid subnet {range.String("Subnet")}: invalid CIDR block notation");
            }

            range.DefaultText("Gateway", SwarmNetworks.GatewayOf(range.String("Subnet")!));
        }
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.CurrentIfPossibleAsync(cancellationToken);
        var network = SwarmNetworks.Find(request.Id, Shown(known));
        if (network.Scope == "local")
        {
            await machine.RemoveNetworkAsync(network.Id, cancellationToken);
            return DockerAnswer.NoContent();
        }

        if (network.Object is not { } value || known is null)
        {
            throw new DockerException(403, $"{network.Name} is a pre-defined network and cannot be removed");
        }

        var user = known.Services.List().FirstOrDefault(service => service.Metadata.DeletionTimestamp is null && (service.Read.TaskTemplate.Networks ?? []).Any(attachment => attachment.Target == network.Id));
        if (user is not null)
        {
            throw new DockerException(400, $"rpc error: code = FailedPrecondition desc = network {network.Id} is in use by service {SwarmInformers.IdOf(user)}");
        }

        var attached = known.Pods.List().FirstOrDefault(pod => pod.GetLabel(AttachmentPlan.Label) is not null && pod.GetLabel(SwarmApi.NetworkLabelPrefix + network.Id) is not null);
        if (attached is not null)
        {
            throw new DockerException(400, $"rpc error: code = FailedPrecondition desc = network {network.Id} is in use by task {SwarmInformers.IdOf(attached)}");
        }

        await context.Client.DeleteAsync<SwarmNetworkObject>(value.Key(), null, cancellationToken);
        return DockerAnswer.NoContent();
    }

    /// <summary>The networks of the machine itself.</summary>
    internal static List<NetworkEntry> Of(IMachineEngine machine) =>
        [.. machine.Networks.Select(view => new NetworkEntry(view.String("Id")!, view.String("Name")!, "local", view.String("Driver")!, view, null))];

    private List<NetworkEntry> Shown(SwarmInformers? known) =>
    [
        .. Of(machine),
        .. SwarmNetworks.All(known).Where(network => network.Scope == "swarm"),
    ];

    private static bool IsBuiltIn(NetworkEntry network) => network.Scope == "local" && BuiltInNetworks.IdOf(network.Name) == network.Id;

    private static IReadOnlyDictionary<string, string> LabelsOf(NetworkEntry network) =>
        (network.Spec.Object("Labels") ?? []).ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);
}
