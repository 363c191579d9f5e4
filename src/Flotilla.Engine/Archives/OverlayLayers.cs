using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Archives;

/// <summary>The directories of a container's files: its own, and those of its image from the highest down. Pure.</summary>
internal static class OverlayLayers
{
    private const string UpperOption = "upperdir=";
    private const string LowerOption = "lowerdir=";

    /// <returns>Without an own one where the container has no image's layers below.</returns>
    public static (string? Upper, IReadOnlyList<string> Lower) Of(IEnumerable<Mount> mounts)
    {
        var options = mounts.SelectMany(mount => mount.Options).ToList();
        return (Find(UpperOption), Find(LowerOption)?.Split(':') ?? []);

        string? Find(string name) => options.FirstOrDefault(option => option.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
    }
}
