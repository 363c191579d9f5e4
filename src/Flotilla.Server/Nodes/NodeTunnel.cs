using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Flotilla.Client.Streams;

namespace Flotilla.Server.Nodes;

/// <summary>One node's way in: connections are asked for on one side and brought by the node on the other.</summary>
internal sealed class NodeTunnel
{
    // Together with the wait for a tunnel shorter than a connection may take, so that the reason is told.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly SemaphoreSlim free = new(TunnelPaths.MostConnections);
    private readonly Channel<string> wanted = Channel.CreateBounded<string>(TunnelPaths.MostConnections);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Stream>> waiting = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource closing = new();
    private static long count;

    /// <summary>Numbers of connections that the node is to bring, some with a port; ends with the tunnel.</summary>
    public ChannelReader<string> Wanted => wanted.Reader;

    public CancellationToken Closed => closing.Token;

    public bool Awaits(string number) => waiting.ContainsKey(number);

    /// <param name="port">Of the node; null: its own server's.</param>
    /// <exception cref="IOException">The node does not bring it, or has too many already.</exception>
    public async ValueTask<Stream> ConnectAsync(int? port, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closing.Token);
        bounded.CancelAfter(Patience);
        var number = Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture);
        try
        {
            await free.WaitAsync(bounded.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"the node has {TunnelPaths.MostConnections} connections through its tunnel already");
        }

        var arrival = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[number] = arrival;
        try
        {
            await wanted.Writer.WriteAsync(port is { } other ? string.Create(CultureInfo.InvariantCulture, $"{number} {other}") : number, bounded.Token);
            return await arrival.Task.WaitAsync(bounded.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or ChannelClosedException)
        {
            await GiveUpAsync(number, arrival.Task);
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException("the node does not answer through its tunnel", failure);
        }
    }

    private async ValueTask GiveUpAsync(string number, Task<Stream> arrival)
    {
        if (waiting.TryRemove(number, out _))
        {
            free.Release();
            return;
        }

        // It has come at the last moment.
        await (await arrival).DisposeAsync();
    }

    /// <summary>The node brings a connection; returns when it has ended. False: nobody waits for it any more.</summary>
    public async Task<bool> CarryAsync(string number, Stream input, Stream output, CancellationToken cancellationToken)
    {
        if (!waiting.TryRemove(number, out var arrival))
        {
            return false;
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var connection = new Duplex(input, output, () => ended.TrySetResult());
        await using var gone = cancellationToken.Register(connection.Dispose);
        if (arrival.TrySetResult(connection))
        {
            await ended.Task;
            free.Release();
        }

        return true;
    }

    /// <summary>Nothing new goes through it; connections that it carries go on.</summary>
    public void Close()
    {
        wanted.Writer.TryComplete();
        closing.Cancel();
    }
}
