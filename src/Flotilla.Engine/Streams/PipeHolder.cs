using System.Globalization;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Streams;

/// <summary>
/// A process that does nothing but keep a container's pipes open for reading. A pipe that nobody reads loses what is in it when its writer ends: with the
/// holder the last words of a container that ends while this process is away are still there when the next one looks.
/// </summary>
internal static class PipeHolder
{
    private const string Script = "setsid sleep infinity 3<\"$1\" 4<\"${2:-/dev/null}\" < /dev/null > /dev/null 2>&1 & echo $!";
    private const int FirstDescriptor = 3;

    /// <param name="pipes">One or two, which somebody has open for writing.</param>
    public static async Task StartAsync(string directory, IReadOnlyList<string> pipes, CancellationToken cancellationToken)
    {
        var pid = await ThisMachine.Commands.DoAsync("sh", ["-c", Script, "holder", .. pipes], cancellationToken);
        await File.WriteAllTextAsync(FileOf(directory), pid, cancellationToken);
    }

    /// <summary>The one of these pipes, and no other process that has got its number since.</summary>
    public static void End(string directory)
    {
        if (File.Exists(FileOf(directory)) && int.TryParse(File.ReadAllText(FileOf(directory)), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var pid)
            && new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd/{FirstDescriptor}")).LinkTarget?.StartsWith(directory + "/", StringComparison.Ordinal) == true)
        {
            Native.Kill(pid);
        }
    }

    private static string FileOf(string directory) => Path.Combine(directory, "holder");
}
