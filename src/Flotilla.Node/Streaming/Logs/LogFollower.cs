using Flotilla.Client.Streams;

namespace Flotilla.Node.Streaming.Logs;

/// <summary>
/// Copies a container's log file, and with <c>Follow</c> what is appended to it until the container has ended.
/// A file that was rotated away is read to its end before its successor is opened.
/// </summary>
internal sealed class LogFollower(string path, Func<CancellationToken, Task<bool>> isRunning, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);
    private const int LooksBeforeAsking = 10;
    private const int BlockBytes = 64 << 10;

    private readonly MemoryStream pending = new();
    private readonly byte[] block = new byte[BlockBytes];

    public async Task CopyAsync(LogOptions options, Stream destination, CancellationToken cancellationToken)
    {
        var writer = new LogWriter(options, time.GetUtcNow().UtcDateTime);
        var file = Open();
        try
        {
            if (file is not null && options.TailLines is { } lines)
            {
                file.Position = await LogTail.FindAsync(file, lines, cancellationToken);
            }
            var idle = 0;
            var last = false;
            while (!writer.IsFull)
            {
                if (file is not null && await CopyAvailableAsync(file, writer, destination, cancellationToken))
                {
                    idle = 0;
                    continue;
                }
                if (!options.Follow || last)
                {
                    return;
                }
                if (file is null || IsRotated(file))
                {
                    if (file is not null)
                    {
                        await file.DisposeAsync();
                    }
                    file = Open();
                }
                if (++idle >= LooksBeforeAsking)
                {
                    idle = 0;
                    // What it wrote last may have come after our look: look once more.
                    last = !await isRunning(cancellationToken);
                    continue;
                }
                await Task.Delay(LookAgain, time, cancellationToken);
            }
        }
        finally
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }
        }
    }

    /// <returns>Whether there was anything to read.</returns>
    private async Task<bool> CopyAvailableAsync(FileStream file, LogWriter writer, Stream destination, CancellationToken cancellationToken)
    {
        var read = await file.ReadAsync(block, cancellationToken);
        if (read == 0)
        {
            return false;
        }
        using var output = new MemoryStream();
        var rest = block.AsMemory(0, read);
        int end;
        while ((end = rest.Span.IndexOf((byte)'\n')) >= 0)
        {
            pending.Write(rest.Span[..end]);
            writer.Write(pending.GetBuffer().AsSpan(0, (int)pending.Length), output);
            pending.SetLength(0);
            rest = rest[(end + 1)..];
        }
        pending.Write(rest.Span);
        await destination.WriteAsync(output.GetBuffer().AsMemory(0, (int)output.Length), cancellationToken);
        await destination.FlushAsync(cancellationToken);
        return true;
    }

    // The open file keeps its identity when it is renamed; its link in /proc tells the new name.
    private bool IsRotated(FileStream file)
    {
        var link = new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;
        return !string.Equals(link, path, StringComparison.Ordinal);
    }

    private FileStream? Open()
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (FileNotFoundException)
        {
            return null; // Between a rotation's rename and the runtime's reopening.
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }
}
