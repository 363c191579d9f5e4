using System.Text.Json.Nodes;
using Flotilla.Docker;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>An engine of a machine that has nothing of its own.</summary>
internal sealed class NoMachine : IMachineEngine
{
    public IEnumerable<Route> Routes => [];

    public IReadOnlyList<JsonObject> Networks => [];

    public Task<DockerAnswer> CreateNetworkAsync(JsonObject spec, CancellationToken cancellationToken) => throw new DockerException(501, "this machine has no networks");

    public Task RemoveNetworkAsync(string id, CancellationToken cancellationToken) => throw DockerException.NotFound("network", id);

    public void Join(ISwarmNetworks swarm)
    {
        // It has no containers.
    }

    public bool HasContainer(string id) => false;

    public Task<JsonObject> CountsAsync(CancellationToken cancellationToken) => Task.FromResult(new JsonObject());

    public void Announce(string type, string action, string id, IEnumerable<(string Name, string Value)> attributes)
    {
        // Nobody follows.
    }
}
