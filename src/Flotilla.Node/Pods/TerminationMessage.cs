using System.Text;
using Flotilla.Linux.Cri;

namespace Flotilla.Node.Pods;

/// <summary>A container's last words: what it wrote to its termination log, or, where the pod asks for it, the end of its output.</summary>
internal static class TerminationMessage
{
    public const string DefaultPath = "/dev/termination-log";
    private const int MaxBytes = 4096;
    private const int MaxLogBytes = 2048;
    private const int MaxLogLines = 80;

    public static string? Read(ContainerStatus status)
    {
        var path = status.Annotations.TryGetValue(RuntimeLabels.TerminationMessagePath, out var declared) ? declared : DefaultPath;
        var file = status.Mounts.FirstOrDefault(mount => mount.ContainerPath == path)?.HostPath;
        var words = file is null ? "" : Tail(file, MaxBytes);
        if (words.Length == 0
            && status.ExitCode != 0
            && status.Annotations.TryGetValue(RuntimeLabels.TerminationMessagePolicy, out var policy)
            && policy == "FallbackToLogsOnError")
        {
            words = EndOfLog(status.LogPath);
        }
        return words.Length > 0 ? words : null;
    }

    // A line of a container's log: time, stream, tag (P: continued, F: full), text.
    private static string EndOfLog(string path)
    {
        var lines = Tail(path, 4 * MaxLogBytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var text = new StringBuilder();
        foreach (var line in lines.TakeLast(MaxLogLines))
        {
            var parts = line.Split(' ', 4);
            if (parts.Length == 4)
            {
                text.Append(parts[3]).Append(parts[2] == "P" ? "" : "\n");
            }
        }
        return text.Length <= MaxLogBytes ? text.ToString() : text.ToString(text.Length - MaxLogBytes, MaxLogBytes);
    }

    private static string Tail(string path, int bytes)
    {
        try
        {
            using var file = File.OpenRead(path);
            file.Seek(Math.Max(0, file.Length - bytes), SeekOrigin.Begin);
            var content = new byte[bytes];
            return Encoding.UTF8.GetString(content, 0, file.ReadAtLeast(content, bytes, throwOnEndOfStream: false));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
