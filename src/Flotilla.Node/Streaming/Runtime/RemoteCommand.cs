using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Client.Streams.Spdy;
using k8s.Models;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>Joins a client's channels with a process in a container, over the runtime's streaming server.</summary>
internal sealed class RemoteCommand(SpdyConnection connection, ExecOptions options, IStreamChannels channels)
{
    private const int MaxStatusBytes = 1 << 20;

    public async Task<V1Status> RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            // The order in which upstream's clients open them; the server waits for all before it starts.
            var error = await OpenAsync("error", cancellationToken);
            var input = options.Stdin ? await OpenAsync("stdin", cancellationToken) : null;
            var output = options.Stdout ? await OpenAsync("stdout", cancellationToken) : null;
            var errors = options.Stderr && !options.Tty ? await OpenAsync("stderr", cancellationToken) : null;
            var size = options.Tty ? await OpenAsync("resize", cancellationToken) : null;

            await channels.OpenAsync(cancellationToken);
            var fromClient = Task.WhenAll(FeedAsync(input, ending.Token), ResizeAsync(size, ending.Token));
            await Task.WhenAll(CopyAsync(output, channels.Stdout, cancellationToken), CopyAsync(errors, channels.Stderr, cancellationToken));
            var status = await StatusAsync(error, cancellationToken);
            await ending.CancelAsync();
            await fromClient.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return status;
        }
        finally
        {
            await ending.CancelAsync();
        }
    }

    private Task<SpdyStream> OpenAsync(string type, CancellationToken cancellationToken) =>
        connection.OpenStreamAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["streamtype"] = type }, cancellationToken);

    private async Task FeedAsync(SpdyStream? input, CancellationToken cancellationToken)
    {
        if (input is null)
        {
            return;
        }
        if (channels.Stdin is { } source)
        {
            await source.CopyToAsync(input, cancellationToken);
        }
        await input.CompleteWritesAsync(cancellationToken);
    }

    private async Task ResizeAsync(SpdyStream? size, CancellationToken cancellationToken)
    {
        if (size is null)
        {
            return;
        }
        await foreach (var (width, height) in channels.ResizesAsync(cancellationToken))
        {
            await size.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new { Width = width, Height = height }), cancellationToken);
        }
    }

    private static async Task CopyAsync(SpdyStream? source, Stream? destination, CancellationToken cancellationToken)
    {
        if (source is null)
        {
            return;
        }
        // Flushed piece by piece: somebody may be looking at a prompt.
        var buffer = new byte[32 << 10];
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (destination is not null)
            {
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                await destination.FlushAsync(cancellationToken);
            }
        }
    }

    private static async Task<V1Status> StatusAsync(SpdyStream error, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while (text.Length < MaxStatusBytes && (read = await error.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await text.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        if (text.Length == 0 && !error.IsFinishedByPeer)
        {
            throw new IOException("the container runtime closed the connection before the command ended");
        }
        return text.Length == 0
            ? new V1Status { ApiVersion = "v1", Kind = "Status", Status = "Success" }
            : ObjectJson.Decode<V1Status>(text.GetBuffer().AsSpan(0, (int)text.Length));
    }
}
