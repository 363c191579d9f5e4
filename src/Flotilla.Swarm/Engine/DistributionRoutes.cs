using Flotilla.Docker;

namespace Flotilla.Swarm.Engine;

/// <summary>
/// Which digest an image has in its registry, asked when a service is made. What nodes run is what they have or pull, so
/// nobody is sent away for an image that only they know: the CLI warns and goes on with the name.
/// </summary>
internal sealed class DistributionRoutes
{
    public IEnumerable<Route> All => [new("GET", "/distribution/{name*}/json", (request, _) => throw new DockerException(404, $"manifest of {request.Words["name"]} is not resolved here"))];
}
