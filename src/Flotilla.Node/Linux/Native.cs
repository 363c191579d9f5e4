using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Node.Linux;

/// <summary>The system calls that .NET does not offer.</summary>
internal static class Native
{
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;
    public const ulong MountBind = 4096;
    private const int DetachUnmount = 2;
    private const int OpenReadOnlyCloseOnExec = 0x80000;
    private const int NoSuchProcess = 3;

    public static void Signal(int process, int signal)
    {
        if (kill(process, signal) != 0 && Marshal.GetLastPInvokeError() != NoSuchProcess)
        {
            throw Failure($"kill {process}");
        }
    }

    public static void Mount(string source, string target, string? type, ulong flags, string? data)
    {
        if (mount(source, target, type, flags, data) != 0)
        {
            throw Failure($"mount {target}");
        }
    }

    /// <summary>Detaches the mount at once, also when it is in use. False when there is none.</summary>
    public static bool Unmount(string target) => umount2(target, DetachUnmount) == 0;

    /// <summary>-1 leaves the user or the group as it is.</summary>
    public static void ChangeOwner(string path, long user, long group)
    {
        if (lchown(path, unchecked((uint)user), unchecked((uint)group)) != 0)
        {
            throw Failure($"chown {path}");
        }
    }

    /// <summary>rmdir, which unlike <see cref="Directory.Delete(string)"/> works on cgroups. A directory in use stays.</summary>
    public static void RemoveDirectory(string path) => _ = rmdir(path);

    /// <summary>Moves the calling thread into a network namespace. The thread must not serve anything else afterwards.</summary>
    public static void EnterNetworkNamespace(string path)
    {
        const int newNetwork = 0x40000000;
        var descriptor = open(path, OpenReadOnlyCloseOnExec);
        if (descriptor < 0)
        {
            throw Failure($"open {path}");
        }
        var result = setns(descriptor, newNetwork);
        var error = Marshal.GetLastPInvokeError();
        _ = close(descriptor);
        if (result != 0)
        {
            throw new IOException($"setns {path}: {new Win32Exception(error).Message}");
        }
    }

    /// <summary>Opens a file or device for what will be written to it from now on.</summary>
    public static SafeFileHandle OpenFromEnd(string path)
    {
        const int noWait = 0x800;
        const int fromEnd = 2;
        var descriptor = open(path, OpenReadOnlyCloseOnExec | noWait);
        if (descriptor < 0)
        {
            throw Failure($"open {path}");
        }
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (lseek(descriptor, 0, fromEnd) < 0)
        {
            var failure = Failure($"seek {path}");
            handle.Dispose();
            throw failure;
        }
        return handle;
    }

    /// <returns>null: there is nothing to read now.</returns>
    public static int? ReadAvailable(SafeFileHandle handle, byte[] buffer)
    {
        const int wouldWait = 11;
        const int overwritten = 32;
        while (true)
        {
            var count = read(handle, buffer, (nuint)buffer.Length);
            if (count >= 0)
            {
                return count == 0 ? null : (int)count;
            }
            var error = Marshal.GetLastPInvokeError();
            if (error == wouldWait)
            {
                return null;
            }
            if (error != overwritten)
            {
                throw Failure("read");
            }
        }
    }

    /// <summary>rename(2): also replaces a symbolic link in one step, whatever it points to.</summary>
    public static void Rename(string from, string to)
    {
        if (rename(from, to) != 0)
        {
            throw Failure($"rename {from}");
        }
    }

    /// <summary>The file type bits of <c>st_mode</c> (links followed); null when nothing is there.</summary>
    public static int? FileType(string path)
    {
        // statx has one layout on all architectures: stx_mode is the 16-bit word at offset 28 of 256 bytes.
        const int currentDirectory = -100;
        const uint wantType = 1;
        const int typeMask = 0xF000;
        var buffer = new byte[256];
        return statx(currentDirectory, path, 0, wantType, buffer) == 0 ? BitConverter.ToUInt16(buffer, 28) & typeMask : null;
    }

    /// <summary>Blocks of 512 bytes that a file, directory or link takes itself; 0 when it is gone.</summary>
    public static long BlocksOf(string path)
    {
        const int currentDirectory = -100;
        const int noFollow = 0x100;
        const uint wantBlocks = 0x400;
        var buffer = new byte[256];
        return statx(currentDirectory, path, noFollow, wantBlocks, buffer) == 0 ? BitConverter.ToInt64(buffer, 48) : 0;
    }

    /// <summary>statfs(2), whose words have one order on all 64-bit machines.</summary>
    public static FileSystemSpace StatFileSystem(string path)
    {
        var buffer = new long[32];
        if (statfs(path, buffer) != 0)
        {
            throw Failure($"statfs {path}");
        }
        var block = buffer[1];
        return new FileSystemSpace(buffer[2] * block, buffer[3] * block, buffer[4] * block, buffer[5], buffer[6]);
    }

    private static IOException Failure(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int mount(string source, string target, string? type, nuint flags, string? data);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int umount2(string target, int flags);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int lchown(string path, uint user, uint group);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int open(string path, int flags);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int rmdir(string path);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int rename(string from, string to);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int statx(int directory, string path, int flags, uint mask, byte[] buffer);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int statfs(string path, long[] buffer);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern long lseek(int descriptor, long offset, int origin);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(SafeFileHandle descriptor, byte[] buffer, nuint count);

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(int descriptor, int type);

    private static int mount(string source, string target, string? type, ulong flags, string? data) =>
        mount(source, target, type, (nuint)flags, data);
}
