using System.Runtime.InteropServices;
using System.Text;

namespace Flotilla.Node.Linux;

/// <summary>realpath(3).</summary>
internal static class RealPath
{
    private const int MaximalLength = 4096;

    /// <returns>The absolute path without symbolic links; null when it leads to nothing.</returns>
    public static string? Of(string path)
    {
        var buffer = new byte[MaximalLength];
        return realpath(path, buffer) == 0 ? null : Encoding.UTF8.GetString(buffer, 0, Array.IndexOf(buffer, (byte)0));
    }

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern nint realpath(string path, byte[] resolved);
}
