using Flotilla.Client.Streams;

namespace Flotilla.Node.Streaming.Logs;

/// <summary>
/// Copies a container's log file, and with <c>Follow</c> what is appended to it until the container has ended.
/// A file that was rotated away is read to its end before its successor is opened, also when several have succeeded it.
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
        var file = Open(path);
        try
        {
            if (file is not null && options.TailLines is { } lines)
            {
                file.Position = await LogTail.FindAsync(file, lines, cancellationToken);
            }
            var idle = 0;
            var last = false;
            string? successor = null;
            while (!writer.IsFull)
            {
                if (file is not null && await CopyAvailableAsync(file, writer, destination, cancellationToken))
                {
                    idle = 0;
                    successor = null;
                    continue;
                }
                if (!options.Follow)
                {
                    return;
                }
                // The runtime may still write to the old file when the new one is there: it must have been silent for a whole look.
                if (successor is not null && OpenSuccessor(file) is { } next)
                {
                    if (file is not null)
                    {
                        await file.DisposeAsync();
                    }
                    (file, successor) = (next, null);
                    continue;
                }
                successor = SuccessorOf(file);
                if (last && !File.Exists(successor))
                {
                    return;
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

    /// <returns>null: the file is the one that is written to.</returns>
    private string? SuccessorOf(FileStream? file)
    {
        // The open file keeps its identity when it is renamed; its link in /proc tells the new name.
        var name = file is null ? null : new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;
        if (name is null || string.Equals(name, path, StringComparison.Ordinal))
        {
            return name is null ? path : null;
        }
        // Names end in the time of their rotation, so their order is the order of writing; a removed one's link says "(deleted)" behind that.
        return Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*")
            .Order(StringComparer.Ordinal)
            .FirstOrDefault(other => string.CompareOrdinal(other, name) > 0) ?? path;
    }

    // A rotation after the look for the successor would give its name to the one after it: only who still succeeds when it
    // is open is the right one.
    private FileStream? OpenSuccessor(FileStream? file)
    {
        var name = SuccessorOf(file);
        var next = name is null ? null : Open(name);
        if (next is not null && SuccessorOf(file) != name)
        {
            next.Dispose();
            return null;
        }
        return next;
    }

    private static FileStream? Open(string path)
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
