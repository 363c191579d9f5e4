using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Archives;

/// <summary><c>docker diff</c>: what a container's own layer holds, against the image's.</summary>
internal sealed class ChangeRoutes(ContainerStore containers, RootFileSystem roots)
{
    private const int Modified = 0;
    private const int Added = 1;
    private const int Deleted = 2;

    // Places for what every container has mounted there; no program has made them.
    private static readonly HashSet<string> Own = new(["/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", InitProgram.Path], StringComparer.Ordinal);

    public IEnumerable<Route> All => [new("GET", "/containers/{id}/changes", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var mounts = await roots.MountsAsync(containers.Find(request.Id).Id, cancellationToken);
        var options = mounts.SelectMany(mount => mount.Options).ToList();
        var upper = options.FirstOrDefault(option => option.StartsWith("upperdir=", StringComparison.Ordinal))?["upperdir=".Length..];
        var lower = options.FirstOrDefault(option => option.StartsWith("lowerdir=", StringComparison.Ordinal))?["lowerdir=".Length..].Split(':') ?? [];
        return DockerAnswer.Json(WireJson.Array((upper is null ? [] : Changes(upper, "", lower)).Select(change => new JsonObject { ["Path"] = change.Path, ["Kind"] = change.Kind })));
    }

    private static IEnumerable<(string Path, int Kind)> Changes(string directory, string path, string[] lower)
    {
        foreach (var file in Directory.EnumerateFileSystemEntries(directory).Order(StringComparer.Ordinal))
        {
            var inside = $"{path}/{Path.GetFileName(file)}";
            if (Native.State(file) is not { } state || Own.Contains(inside))
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
        Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Select(file => $"{path}/{Path.GetFileName(file)}").ToList() is { Count: > 0 } entries && entries.TrueForAll(Own.Contains);
}
