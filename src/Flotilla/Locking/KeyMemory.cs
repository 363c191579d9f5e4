using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Locking;

/// <summary>
/// Holds a key in memory of this process that other processes of the same user can read through a link, and that is gone with the process,
/// however that ends: a file without a name or a disk. The link of one that ended leads nowhere. Not for several threads.
/// </summary>
internal sealed class KeyMemory : IDisposable
{
    private const uint CloseOnExec = 1;

    private readonly string link;
    private SafeFileHandle? held;

    public KeyMemory(string link)
    {
        this.link = link;
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.Delete(link);
    }

    public void Hold(ReadOnlySpan<byte> key)
    {
        Forget();
        var file = new SafeFileHandle(memfd_create("flotilla-file-key", CloseOnExec), ownsHandle: true);
        if (file.IsInvalid)
        {
            throw new IOException($"The kernel gives no memory for a key: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        RandomAccess.Write(file, key, 0);
        held = file;
        File.CreateSymbolicLink(link, string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{file.DangerousGetHandle()}"));
    }

    public void Forget()
    {
        if (new FileInfo(link).LinkTarget is not null)
        {
            File.Delete(link);
        }

        held?.Dispose();
        held = null;
    }

    public void Dispose() => Forget();

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
#pragma warning disable SYSLIB1054, CA2101 // Source-generated imports would need unsafe code for nothing: the name is ASCII.
    private static extern int memfd_create(string name, uint flags);
#pragma warning restore SYSLIB1054, CA2101
}
