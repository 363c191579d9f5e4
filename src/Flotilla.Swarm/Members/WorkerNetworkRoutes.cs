using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Swarm.Networks;

namespace Flotilla.Swarm.Members;

/// <summary><c>docker network</c> of a worker: the networks of its engine; those of the swarm are the managers'.</summary>
internal sealed class WorkerNetworkRoutes(IMachineEngine machine)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/networks", (request, _) => Task.FromResult(DockerAnswer.Json(WireJson.Array(NetworkRoutes.Filtered(Entries, request).Select(network => network.Spec.Copy()))))),
        new("GET", "/networks/{id}", (request, _) => Task.FromResult(DockerAnswer.Json(SwarmNetworks.Find(request.Id, Entries).Spec.Copy()))),
        new("POST", "/networks/create", CreateAsync),
        new("DELETE", "/networks/{id}", RemoveAsync),
    ];

    private List<NetworkEntry> Entries => NetworkRoutes.Of(machine);

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var spec = await request.BodyAsync(cancellationToken);
        return spec.String("Driver") is "overlay"
            ? throw new DockerException(403, "Cannot create a multi-host network from a worker node. Please create the network from a manager node.")
            : await machine.CreateNetworkAsync(spec, cancellationToken);
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await machine.RemoveNetworkAsync(SwarmNetworks.Find(request.Id, Entries).Id, cancellationToken);
        return DockerAnswer.NoContent();
    }
}
