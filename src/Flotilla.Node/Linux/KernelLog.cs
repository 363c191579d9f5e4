using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Node.Linux;

/// <summary>The kernel's messages from now on. Not for several threads at once.</summary>
internal sealed class KernelLog : IDisposable
{
    public const string Device = "/dev/kmsg";
    private const int LongestRecord = 8192;
    private readonly SafeFileHandle handle;
    private readonly byte[] buffer = new byte[LongestRecord];

    /// <exception cref="IOException">It may not be read.</exception>
    public KernelLog(string path)
    {
        handle = Native.OpenFromEnd(path);
    }

    /// <summary>The records since the last call, without waiting for one; those that were overwritten meanwhile are skipped.</summary>
    public IReadOnlyList<string> ReadNew()
    {
        var records = new List<string>();
        while (Native.ReadAvailable(handle, buffer) is { } count)
        {
            // What follows a record in lines of its own describes it further.
            records.AddRange(Encoding.UTF8.GetString(buffer, 0, count).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != ' '));
        }
        return records;
    }

    public void Dispose() => handle.Dispose();
}
