using Flotilla.Linux.Mounts;

namespace Flotilla.Node.Linux;

/// <summary>The mount table.</summary>
internal static class Mounts
{
    /// <summary>Mount points at or below <paramref name="directory"/>, deepest and latest first: the order to unmount them in.</summary>
    public static IReadOnlyList<string> Below(string directory) => MountTable.Below(directory);

    public static void UnmountBelow(string directory)
    {
        foreach (var point in Below(directory))
        {
            Native.Unmount(point);
        }
    }
}
