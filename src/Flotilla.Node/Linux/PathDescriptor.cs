using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Node.Linux;

/// <summary>
/// A place in the file system held open, so that it stays the same place whatever happens to the names that led there.
/// Steps below it never follow a symbolic link.
/// </summary>
internal sealed class PathDescriptor : IDisposable
{
    // O_PATH is the same number everywhere; the two flags about links and directories differ between architectures.
    private const int PathOnly = 0x200000;
    private const int CloseOnExec = 0x80000;
    private static readonly int NoFollow = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;
    private const int CurrentDirectory = -100;
    private const int NotFound = 2;
    private const int Exists = 17;
    private readonly SafeFileHandle handle;

    private PathDescriptor(SafeFileHandle handle) => this.handle = handle;

    /// <summary>A path by which the kernel finds the place itself.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");

    /// <exception cref="IOException">It is not there, or is a symbolic link.</exception>
    public static PathDescriptor Open(string path) => Open(CurrentDirectory, path) ?? throw new FileNotFoundException($"open {path}: no such file or directory");

    /// <returns>null when nothing of that name is there.</returns>
    public PathDescriptor? Step(string name) => Open((int)handle.DangerousGetHandle(), name);

    /// <summary>Makes a directory below; one that somebody else made meanwhile is as good.</summary>
    public void MakeDirectory(string name, int permissions)
    {
        if (mkdirat((int)handle.DangerousGetHandle(), name, (uint)permissions) != 0 && Marshal.GetLastPInvokeError() != Exists)
        {
            throw Failure($"mkdir {name}");
        }
    }

    public void Dispose() => handle.Dispose();

    private static PathDescriptor? Open(int directory, string name)
    {
        var descriptor = openat(directory, name, PathOnly | NoFollow | CloseOnExec);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() == NotFound ? null : throw Failure($"open {name}");
        }
        var opened = new PathDescriptor(new SafeFileHandle(descriptor, ownsHandle: true));
        // With O_PATH a link itself is opened instead of refused.
        if (IsLink(descriptor))
        {
            opened.Dispose();
            throw new IOException($"{name} is a symbolic link");
        }
        return opened;
    }

    private static bool IsLink(int descriptor)
    {
        const int emptyPath = 0x1000;
        const int link = 0xA000;
        var buffer = new byte[256];
        return statx(descriptor, "", emptyPath, 1, buffer) == 0 && (BitConverter.ToUInt16(buffer, 28) & 0xF000) == link;
    }

    private static IOException Failure(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int openat(int directory, string path, int flags);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int mkdirat(int directory, string path, uint mode);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int statx(int directory, string path, int flags, uint mask, byte[] buffer);
}
