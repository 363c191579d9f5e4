using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Routing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress.Proxying;

/// <summary>
/// Connections of TLS that a TLSRoute wants by their name go to one of its backends as they are; nothing of them is read but the
/// client's first message. All others go on.
/// </summary>
internal sealed partial class Passthrough(TimeProvider time, ILogger logger)
{
    private const int Tries = 3;
    private static readonly TimeSpan FirstMessageWithin = TimeSpan.FromSeconds(10);

    /// <param name="next">For those that end here.</param>
    public async Task HandleAsync(ConnectionContext connection, PortTable table, ConnectionDelegate next)
    {
        if (table.Passed is not { } passed)
        {
            await next(connection);
            return;
        }

        var name = await NameAsync(connection.Transport.Input, connection.ConnectionClosed);
        if (passed.Find(name ?? "") is { } backends)
        {
            await PassAsync(connection, backends);
        }
        else if (table.Certificates is null)
        {
            connection.Abort(new ConnectionAbortedException("no route has this name"));
        }
        else
        {
            await next(connection);
        }
    }

    /// <summary>What was read for it stays to be read. null: none was told in time.</summary>
    private async Task<string?> NameAsync(PipeReader input, CancellationToken closed)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(closed);
        await using var timer = time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), limit, FirstMessageWithin, Timeout.InfiniteTimeSpan);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(limit.Token);
                if (ClientHello.TryRead(read.Buffer, out var name) || read.IsCompleted)
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return name;
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task PassAsync(ConnectionContext connection, IReadOnlyList<WeightedBackend> backends)
    {
        var backend = WeightedChoice.For(backends, Random.Shared.Next)?.Backend;
        using var socket = backend is null ? null : await ConnectAsync(backend, connection.ConnectionClosed);
        if (socket is null)
        {
            connection.Abort(new ConnectionAbortedException("no backend answers"));
            return;
        }

        await using var stream = new NetworkStream(socket);
        try
        {
            await Task.WhenAll(SendAsync(connection, socket, stream), ReceiveAsync(connection, stream));
        }
        catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException or ConnectionAbortedException or ConnectionResetException)
        {
            connection.Abort(new ConnectionAbortedException(ended.Message));
        }
    }

    private static async Task SendAsync(ConnectionContext connection, Socket socket, NetworkStream stream)
    {
        await connection.Transport.Input.CopyToAsync(stream, connection.ConnectionClosed);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task ReceiveAsync(ConnectionContext connection, NetworkStream stream)
    {
        await stream.CopyToAsync(connection.Transport.Output, connection.ConnectionClosed);
        await connection.Transport.Output.CompleteAsync();
    }

    /// <summary>null: none of those that were tried answers.</summary>
    private async Task<Socket?> ConnectAsync(Backend backend, CancellationToken closed)
    {
        List<Destination> tried = [];
        while (tried.Count < Tries && backend.Pick(tried, time.GetTimestamp()) is { } destination && !tried.Contains(destination))
        {
            tried.Add(destination);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(closed);
            limit.CancelAfter(Route.DefaultConnectTimeout);
            try
            {
                await socket.ConnectAsync(IPEndPoint.Parse(destination.Endpoint), limit.Token);
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                return socket;
            }
            catch (Exception silent) when (silent is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                destination.Failed(time.GetTimestamp(), time.TimestampFrequency);
                Log.NotConnected(logger, backend.Key, destination.Endpoint, silent.Message);
            }
        }

        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Backend}: {Endpoint} takes no connection: {Reason}")]
        public static partial void NotConnected(ILogger logger, BackendKey backend, string endpoint, string reason);
    }
}
