using System.Runtime.CompilerServices;
using Flotilla.Client.Streams.Spdy;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Client.Streams;

/// <summary>Exec and attach over SPDY/3.1: the client opens a stream for each channel, named by the header <c>streamType</c>.</summary>
internal sealed class SpdySession(HttpContext context, string protocol, ExecOptions options) : RemoteCommandSession
{
    private static readonly TimeSpan StreamTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, SpdyStream> streams = new(StringComparer.Ordinal);
    private SpdyConnection? connection;

    public override async IAsyncEnumerable<TerminalSize> ResizesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (streams.GetValueOrDefault("resize") is { } resize)
        {
            await foreach (var size in TerminalSizes.ReadAsync(resize, cancellationToken))
            {
                yield return size;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (connection is not null)
        {
            await connection.CloseAsync(Linger);
        }
    }

    protected override async Task UpgradeAsync(CancellationToken cancellationToken)
    {
        connection = new SpdyConnection(await Upgrades.SpdyAsync(context, protocol), isServer: true);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(StreamTimeout);
        var expected = Expected().ToHashSet(StringComparer.Ordinal);
        while (!expected.IsSubsetOf(streams.Keys))
        {
            var stream = await connection.Incoming.ReadAsync(bounded.Token);
            streams[stream.Headers.GetValueOrDefault("streamType", "")] = stream;
            await stream.ReplyAsync(bounded.Token);
        }
        Stdin = streams.GetValueOrDefault("stdin");
        Stdout = streams.GetValueOrDefault("stdout");
        Stderr = streams.GetValueOrDefault("stderr");
    }

    protected override async Task SendStatusAsync(byte[] status)
    {
        foreach (var output in new[] { "stdout", "stderr" })
        {
            if (streams.TryGetValue(output, out var stream))
            {
                await stream.CompleteWritesAsync(CancellationToken.None);
            }
        }
        if (streams.TryGetValue("error", out var error))
        {
            await error.WriteAsync(status, CancellationToken.None);
            await error.CompleteWritesAsync(CancellationToken.None);
        }
        foreach (var input in new[] { "stdin", "resize" })
        {
            if (streams.TryGetValue(input, out var stream))
            {
                await stream.ResetAsync(CancellationToken.None);
            }
        }
    }

    private IEnumerable<string> Expected()
    {
        yield return "error";
        if (options.Stdin)
        {
            yield return "stdin";
        }
        if (options.Stdout)
        {
            yield return "stdout";
        }
        if (options.Tty)
        {
            yield return "resize";
        }
        else if (options.Stderr)
        {
            yield return "stderr";
        }
    }
}
