using System.Runtime.InteropServices;

namespace Flotilla.Node.Linux;

/// <summary>What statx(2) tells of a file, links followed.</summary>
internal readonly record struct FileStatus(int Type, int Permissions, uint Group, ulong Node, uint DeviceMajor, uint DeviceMinor)
{
    public const int Directory = 0x4000;
    public const int Regular = 0x8000;
    public const int BlockDevice = 0x6000;
    public const int CharacterDevice = 0x2000;
    public const int Socket = 0xC000;
    private const int CurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const ulong MountRoot = 0x2000;

    /// <summary>Whether both are one and the same file, by whatever path.</summary>
    public bool IsSameFile(FileStatus other) => (Node, DeviceMajor, DeviceMinor) == (other.Node, other.DeviceMajor, other.DeviceMinor);

    /// <summary>Whether something is mounted at exactly this path: also when it is a part of the same file system.</summary>
    public static bool IsMountPoint(string path) => Read(path) is { } buffer && (BitConverter.ToUInt64(buffer, 8) & MountRoot) != 0;

    /// <returns>null when nothing is there.</returns>
    public static FileStatus? Of(string path)
    {
        if (Read(path) is not { } buffer)
        {
            return null;
        }
        var mode = BitConverter.ToUInt16(buffer, 28);
        return new FileStatus(
            mode & 0xF000, mode & 0xFFF, BitConverter.ToUInt32(buffer, 24), BitConverter.ToUInt64(buffer, 32),
            BitConverter.ToUInt32(buffer, 136), BitConverter.ToUInt32(buffer, 140));
    }

    // The layout is the same on all architectures: 256 bytes with fixed offsets.
    private static byte[]? Read(string path)
    {
        var buffer = new byte[256];
        return statx(CurrentDirectory, path, 0, BasicStats, buffer) == 0 ? buffer : null;
    }

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int statx(int directory, string path, int flags, uint mask, byte[] buffer);
}
