using System.Threading.Channels;

namespace Flotilla.Engine.Streams;

/// <summary>One client at a process: its output to the client, the client's input to it.</summary>
/// <param name="input">null: the process takes none now.</param>
internal sealed class Attachment(Broadcast output, Channel<Frame> listener, Func<Stream?> input, bool hasTerminal)
{
    private const int BufferBytes = 16 << 10;

    /// <summary>Before any input; the process may not have started yet.</summary>
    public Func<CancellationToken, Task> ReadyAsync { get; init; } = _ => Task.CompletedTask;

    public Func<ValueTask> CloseInputAsync { get; init; } = () => ValueTask.CompletedTask;

    public Func<Frame, bool> Shows { get; init; } = _ => true;

    public DetachKeys DetachKeys { get; init; } = DetachKeys.Parse(null);

    public static string ContentType(bool hasTerminal) => hasTerminal ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";

    /// <summary>Until the process ends, or the client goes or leaves by its keys.</summary>
    public async Task ServeAsync(Stream client, bool takesInput, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var typing = takesInput ? TypeAsync(client, over) : Task.CompletedTask;
        try
        {
            await foreach (var frame in listener.Reader.ReadAllAsync(over.Token))
            {
                if (Shows(frame))
                {
                    await client.WriteAsync(hasTerminal ? frame.Data : frame.Multiplexed(), over.Token);
                    await client.FlushAsync(over.Token);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client has gone or left; the process goes on.
        }
        finally
        {
            output.Forget(listener);
            await over.CancelAsync();
            await typing;
        }
    }

    private async Task TypeAsync(Stream client, CancellationTokenSource over)
    {
        try
        {
            await ReadyAsync(over.Token);
            var buffer = new byte[BufferBytes];
            while (await client.ReadAsync(buffer, over.Token) is > 0 and var count)
            {
                var (passed, isLeaving) = hasTerminal ? DetachKeys.Take(buffer.AsSpan(0, count)) : (buffer[..count], false);
                if (input() is { } process && passed.Length > 0)
                {
                    await process.WriteAsync(passed, over.Token);
                    await process.FlushAsync(over.Token);
                }

                if (isLeaving)
                {
                    await over.CancelAsync();
                    return;
                }
            }

            await CloseInputAsync();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One of both has gone; who reads the output sees which.
        }
    }
}
