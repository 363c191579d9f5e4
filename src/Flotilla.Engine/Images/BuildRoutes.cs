using System.Text.Json.Nodes;
using Flotilla.Docker;

namespace Flotilla.Engine.Images;

/// <summary><c>docker build</c>, which is not done here, and its cache, which is therefore empty.</summary>
internal sealed class BuildRoutes
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/build", (_, _) => throw new DockerException(501, "Flotilla does not build images; build with docker, podman or buildah elsewhere and bring the image here with 'docker load' or through a registry")),
        new("POST", "/build/prune", (_, _) => Task.FromResult(DockerAnswer.Json(new JsonObject { ["CachesDeleted"] = null, ["SpaceReclaimed"] = 0 }))),
    ];
}
