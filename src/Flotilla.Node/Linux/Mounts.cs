using Flotilla.Linux.Mounts;

namespace Flotilla.Node.Linux;

/// <summary>The mount table.</summary>
internal static class Mounts
{
    public static void UnmountBelow(string directory)
    {
        foreach (var point in MountTable.Below(directory))
        {
            Native.Unmount(point);
        }
    }
}
