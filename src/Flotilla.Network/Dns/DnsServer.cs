using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Dns;

/// <summary>
/// Cluster DNS on UDP and TCP. Cluster names are answered on the receiving loop itself; forwarded questions wait
/// elsewhere, so a silent resolver of the machine delays nobody who asks for a service.
/// </summary>
public sealed partial class DnsServer(IPEndPoint address, Resolver resolver, TimeProvider time, ILogger logger) : BackgroundService
{
    private const int MaxUdpMessage = 4096;
    private const int MaxConnections = 256;
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim connections = new(MaxConnections);
    private readonly TaskCompletionSource<IPEndPoint> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The address in use, once there is one.</summary>
    public Task<IPEndPoint> Listening => listening.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                udp.Bind(address);
                var bound = (IPEndPoint)udp.LocalEndPoint!;
                using var tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                tcp.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                tcp.Bind(bound);
                tcp.Listen(128);
                listening.TrySetResult(bound);
                await Task.WhenAll(ServeUdpAsync(udp, stoppingToken), ServeTcpAsync(tcp, stoppingToken));
            }
            catch (SocketException error)
            {
                Log.CannotListen(logger, address, error.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeUdpAsync(Socket socket, CancellationToken stoppingToken)
    {
        var buffer = new byte[MaxUdpMessage];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await socket.ReceiveFromAsync(buffer, anyone, stoppingToken);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused)
            {
                // An earlier client went away before its answer came: not our concern.
                continue;
            }

            var client = received.RemoteEndPoint;
            if (!DnsQuery.TryParse(buffer.AsMemory(0, received.ReceivedBytes), out var query))
            {
                continue;
            }

            if (AnswerAtOnce(query, buffer.AsMemory(0, received.ReceivedBytes), overTcp: false) is { } answer)
            {
                await SendAsync(socket, answer, client, stoppingToken);
                continue;
            }

            // The buffer is reused for the next question; the forwarder bounds how many of these there are.
            var message = buffer.AsSpan(0, received.ReceivedBytes).ToArray();
            DnsQuery.TryParse(message, out var kept);
            _ = ForwardAsync(socket, kept, message, client, stoppingToken);
        }
    }

    /// <summary>One object this server cannot make sense of must not silence it.</summary>
    private byte[]? AnswerAtOnce(DnsQuery query, ReadOnlyMemory<byte> message, bool overTcp)
    {
        try
        {
            return resolver.AnswerAtOnce(query, message, overTcp);
        }
        catch (Exception error)
        {
            Log.Failed(logger, error, query.Name);
            return DnsResponse.Write(query, DnsAnswer.Failure(ResponseCode.ServerFailure), DnsResponse.PlainUdpBytes);
        }
    }

    private async Task ForwardAsync(Socket socket, DnsQuery query, byte[] message, EndPoint client, CancellationToken stoppingToken)
    {
        try
        {
            var answer = await resolver.AnswerAsync(query, message, overTcp: false, stoppingToken);
            await SendAsync(socket, answer, client, stoppingToken);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            Log.Abandoned(logger, query.Name);
        }
        catch (Exception error)
        {
            Log.Failed(logger, error, query.Name);
        }
    }

    private async Task SendAsync(Socket socket, byte[] answer, EndPoint client, CancellationToken stoppingToken)
    {
        try
        {
            await socket.SendToAsync(answer, client, stoppingToken);
        }
        catch (SocketException error)
        {
            Log.NotSent(logger, client, error.Message);
        }
    }

    private async Task ServeTcpAsync(Socket listener, CancellationToken stoppingToken)
    {
        while (true)
        {
            await connections.WaitAsync(stoppingToken);
            var connection = await listener.AcceptAsync(stoppingToken);
            _ = ServeConnectionAsync(connection, stoppingToken);
        }
    }

    private async Task ServeConnectionAsync(Socket connection, CancellationToken stoppingToken)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            while (true)
            {
                using var idle = new CancellationTokenSource(IdleConnection, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, stoppingToken);
                var message = await TcpFraming.ReadAsync(stream, either.Token);
                if (message is null || !DnsQuery.TryParse(message, out var query))
                {
                    return;
                }

                var answer = AnswerAtOnce(query, message, overTcp: true)
                    ?? await resolver.AnswerAsync(query, message, overTcp: true, either.Token);
                await TcpFraming.WriteAsync(stream, answer, either.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException)
        {
            Log.ConnectionEnded(logger, error.Message);
        }
        catch (Exception error)
        {
            Log.Failed(logger, error, "a TCP connection");
        }
        finally
        {
            connections.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Cluster DNS cannot listen on {Address}: {Reason}; trying again")]
        public static partial void CannotListen(ILogger logger, IPEndPoint address, string reason);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The question for {Name} was abandoned at shutdown")]
        public static partial void Abandoned(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Error, Message = "Answering {Name} failed")]
        public static partial void Failed(ILogger logger, Exception error, string name);

        [LoggerMessage(Level = LogLevel.Debug, Message = "No answer could be sent to {Client}: {Reason}")]
        public static partial void NotSent(ILogger logger, EndPoint client, string reason);

        [LoggerMessage(Level = LogLevel.Debug, Message = "A DNS connection ended: {Reason}")]
        public static partial void ConnectionEnded(ILogger logger, string reason);
    }
}
