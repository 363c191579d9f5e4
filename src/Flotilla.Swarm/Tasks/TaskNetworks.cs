using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Services;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>The networks of a task and its address there, as Docker's NetworksAttachments: proxies in front of a swarm find tasks by them.</summary>
internal static class TaskNetworks
{
    private const int WholeAddress = 32;

    /// <param name="networks">All there are: many tasks are asked about at once.</param>
    /// <returns>None before it has an address, which is the same in all networks.</returns>
    public static JsonArray Of(ServiceTask task, SwarmService service, SwarmInformers known, IReadOnlyList<NetworkEntry> networks)
    {
        if (task.Pod.Status?.PodIP is not { Length: > 0 } address || task.Pod.Spec.HostNetwork == true)
        {
            return [];
        }

        var prefix = known.Nodes.Get(new(null, task.Pod.Spec.NodeName))?.Spec.PodCIDR is { } range ? int.Parse(range[(range.IndexOf('/', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture) : WholeAddress;
        var isPublished = service.Read.EndpointSpec?.IsPublished == true;
        return WireJson.Array(networks
            .Where(network => task.Pod.GetLabel(SwarmApi.NetworkLabelPrefix + network.Id) is not null || (isPublished && network.Name == SwarmNetworks.Ingress))
            .Select(network => new JsonObject { ["Network"] = NetworkView.InTask(network), ["Addresses"] = new JsonArray($"{address}/{prefix}") }));
    }
}
