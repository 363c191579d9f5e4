using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Archives;

/// <summary><c>docker diff</c>: what a container's own layer holds, against the image's.</summary>
internal sealed class ChangeRoutes(ContainerStore containers, RootFileSystem roots)
{
    private const int Modified = 0;
    private const int Added = 1;
    private const int Deleted = 2;

    public IEnumerable<Route> All => [new("GET", "/containers/{id}/changes", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var mounts = await roots.MountsAsync(containers.Find(request.Id).Id, cancellationToken);
        var (upper, lower) = OverlayLayers.Of(mounts);
        return DockerAnswer.Json(WireJson.Array((upper is null ? [] : Changes(upper, "", lower)).Select(change => new JsonObject { ["Path"] = change.Path, ["Kind"] = change.Kind })));
    }

    private static IEnumerable<(string Path, int Kind)> Changes(string directory, string path, IReadOnlyList<string> lower)
    {
        foreach (var file in Directory.EnumerateFileSystemEntries(directory).Order(StringComparer.Ordinal))
        {
            var inside = $"{path}/{Path.GetFileName(file)}";
            if (Native.State(file) is not { } state || ContainerPlaces.All.Contains(inside))
            {
                continue;
            }

            // What was deleted is a device without number.
            if (state is { IsCharacterDevice: true, Major: 0, Minor: 0 })
            {
                yield return (inside, Deleted);
                continue;
            }

            var within = state.IsDirectory ? Changes(file, inside, lower).ToList() : [];
            var isKnown = lower.Any(layer => Native.State(layer + inside) is not null);
            if (within.Count > 0 || !isKnown || !HoldsOnlyOwn(file, inside))
            {
                yield return (inside, isKnown ? Modified : Added);
            }

            foreach (var change in within)
            {
                yield return change;
            }
        }
    }

    private static bool HoldsOnlyOwn(string directory, string path) =>
        Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Select(file => $"{path}/{Path.GetFileName(file)}").ToList() is { Count: > 0 } entries && entries.TrueForAll(ContainerPlaces.All.Contains);
}
