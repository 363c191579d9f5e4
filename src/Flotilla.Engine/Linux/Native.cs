using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Flotilla.Engine.Linux;

/// <summary>The system calls that .NET does not offer.</summary>
internal static class Native
{
    public const ulong ReadOnlyMount = 1;
    public const ulong BindMount = 4096;
    public const ulong RecursiveMount = 16384;
    private const int DetachUnmount = 2;
    private const int CloseOnExec = 0x80000;
    private const int NoWait = 0x800;

    public static void Mount(string source, string target, string? type, ulong flags, string? data)
    {
        if (mount(source, target, type, (nuint)flags, data) != 0)
        {
            throw Failure($"mount {target}");
        }
    }

    /// <returns>null: it is mounted; else why not, as Go says it.</returns>
    public static string? TryMount(string source, string target, string type, ulong flags, string data) =>
        mount(source, target, type, (nuint)flags, data) == 0 ? null : InGo(new Win32Exception(Marshal.GetLastPInvokeError()).Message);

    /// <summary>The kernel's reasons begin with a small letter there.</summary>
    public static string InGo(string reason) => reason.Length == 0 ? reason : char.ToLowerInvariant(reason[0]) + reason[1..];

    /// <summary>Detaches the mount at once, also when it is in use. False when there is none.</summary>
    public static bool Unmount(string target) => umount2(target, DetachUnmount) == 0;

    /// <summary>rmdir, which unlike <see cref="Directory.Delete(string)"/> works on cgroups. A directory in use stays.</summary>
    public static void RemoveDirectory(string path) => _ = rmdir(path);

    /// <summary>SIGKILL, to a process that may have gone.</summary>
    public static void Kill(int pid)
    {
        const int kill9 = 9;
        _ = kill(pid, kill9);
    }

    public static void MakeFifo(string path)
    {
        const uint onlyForUs = 0x180;
        if (mkfifo(path, onlyForUs) != 0)
        {
            throw Failure($"mkfifo {path}");
        }
    }

    /// <summary>Opens a pipe and waits for nobody at its other end.</summary>
    public static int OpenFifo(string path, FileAccess access)
    {
        var descriptor = open(path, (access switch { FileAccess.Read => 0, FileAccess.Write => 1, _ => 2 }) | NoWait | CloseOnExec);
        return descriptor >= 0 ? descriptor : throw Failure($"open {path}");
    }

    /// <summary>What a pipe takes before its writer has to wait.</summary>
    public static void Enlarge(int pipe, int bytes)
    {
        // F_SETPIPE_SZ. A kernel that gives less has the usual size.
        const int setPipeSize = 1031;
        _ = fcntl(pipe, setPipeSize, bytes);
    }

    public static void Close(int descriptor) => _ = close(descriptor);

    public static void ChangeOwner(string path, int user, int group)
    {
        if (lchown(path, (uint)user, (uint)group) != 0)
        {
            throw Failure($"chown {path}");
        }
    }

    public static void MakeNode(string path, uint mode, uint major, uint minor)
    {
        var device = ((major & 0xFFFUL) << 8) | (minor & 0xFFUL) | ((minor & ~0xFFUL) << 12) | ((major & ~0xFFFUL) << 32);
        if (mknod(path, mode, (nuint)device) != 0)
        {
            throw Failure($"mknod {path}");
        }
    }

    public static void HardLink(string existing, string path)
    {
        if (link(existing, path) != 0)
        {
            throw Failure($"link {path}");
        }
    }

    /// <summary>null: nothing is there. Links are not followed.</summary>
    public static FileState? State(string path)
    {
        // statx has one layout on all architectures.
        const int currentDirectory = -100;
        const int noFollow = 0x100;
        const uint basic = 0x7FF;
        var buffer = new byte[256];
        return statx(currentDirectory, path, noFollow, basic, buffer) != 0 ? null : new FileState(
            BitConverter.ToUInt16(buffer, 28), BitConverter.ToInt32(buffer, 20), BitConverter.ToInt32(buffer, 24), BitConverter.ToInt64(buffer, 40),
            DateTime.UnixEpoch.AddSeconds(BitConverter.ToInt64(buffer, 112)).AddTicks(BitConverter.ToUInt32(buffer, 120) / 100),
            BitConverter.ToUInt32(buffer, 128), BitConverter.ToUInt32(buffer, 132));
    }

    private static IOException Failure(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int mount(string source, string target, string? type, nuint flags, string? data);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int umount2(string target, int flags);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int mkfifo(string path, uint mode);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int open(string path, int flags);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int rmdir(string path);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);

    [DllImport("libc", SetLastError = true)]
    private static extern int fcntl(int descriptor, int command, nint argument);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int lchown(string path, uint user, uint group);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int mknod(string path, uint mode, nuint device);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int link(string existing, string path);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int statx(int directory, string path, int flags, uint mask, byte[] buffer);
}

/// <summary>What a directory says of one of its entries.</summary>
/// <param name="Mode">Type and permissions as <c>st_mode</c> has them.</param>
internal sealed record FileState(int Mode, int User, int Group, long Size, DateTime Modified, uint Major, uint Minor)
{
    private const int TypeMask = 0xF000;

    public bool IsDirectory => (Mode & TypeMask) == 0x4000;

    public bool IsLink => (Mode & TypeMask) == 0xA000;

    public bool IsCharacterDevice => (Mode & TypeMask) == 0x2000;

    public bool IsBlockDevice => (Mode & TypeMask) == 0x6000;

    public bool IsRegular => (Mode & TypeMask) == 0x8000;
}
