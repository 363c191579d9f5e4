using System.Net.Sockets;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Client.Streams.Spdy;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Streaming.Logs;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>Logs, exec, attach and port-forward for the pods of this node. Stateless: everything is looked up for each call.</summary>
public sealed class RuntimeStreams(CriClient runtime, Informer<V1Pod> pods, TimeProvider time) : INodeStreams
{
    private static readonly string[] Protocols = ["v4.channel.k8s.io"];
    private readonly ContainerFinder finder = new(runtime, pods);
    private readonly LoopbackDialer dialer = new(runtime);

    public async Task LogsAsync(PodTarget target, LogOptions options, Stream destination, CancellationToken cancellationToken)
    {
        var pod = finder.Pod(target);
        var name = ContainerFinder.NameOf(target, pod);
        var attempts = await finder.AttemptsAsync(pod, name, cancellationToken);
        var container = LogSource.Choose(pod, name, attempts, options.Previous);
        var status = await runtime.Runtime.ContainerStatusAsync(
            new ContainerStatusRequest { ContainerId = container.Id }, cancellationToken: cancellationToken);
        var follower = new LogFollower(status.Status.LogPath, token => IsRunningAsync(container.Id, token), time);
        await follower.CopyAsync(options, destination, cancellationToken);
    }

    public async Task<V1Status> ExecAsync(PodTarget target, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken)
    {
        var request = new ExecRequest
        {
            ContainerId = await finder.RunningAsync(target, cancellationToken),
            Cmd = { options.Command },
            Stdin = options.Stdin,
            Stdout = options.Stdout,
            Stderr = options.Stderr && !options.Tty,
            Tty = options.Tty,
        };
        var answer = await runtime.Runtime.ExecAsync(request, cancellationToken: cancellationToken);
        return await StreamAsync(answer.Url, options, channels, cancellationToken);
    }

    public async Task<V1Status> AttachAsync(PodTarget target, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken)
    {
        var request = new AttachRequest
        {
            ContainerId = await finder.RunningAsync(target, cancellationToken),
            Stdin = options.Stdin,
            Stdout = options.Stdout,
            Stderr = options.Stderr && !options.Tty,
            Tty = options.Tty,
        };
        var answer = await runtime.Runtime.AttachAsync(request, cancellationToken: cancellationToken);
        return await StreamAsync(answer.Url, options, channels, cancellationToken);
    }

    public async Task PortForwardAsync(PodTarget target, int port, Stream duplex, CancellationToken cancellationToken)
    {
        var sandbox = await finder.SandboxAsync(finder.Pod(target), cancellationToken);
        using var socket = await dialer.ConnectAsync(sandbox, port, cancellationToken);
        await using var connection = new NetworkStream(socket);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var up = SendAsync(duplex, connection, ending.Token);
        try
        {
            // The pod's side decides when it is over: a client that has said everything may still wait for the answer.
            await CopyAsync(connection, duplex, cancellationToken);
        }
        finally
        {
            await ending.CancelAsync();
            await up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task SendAsync(Stream source, NetworkStream connection, CancellationToken cancellationToken)
    {
        await CopyAsync(source, connection, cancellationToken);
        connection.Socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task CopyAsync(Stream source, Stream destination, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 << 10];
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            await destination.FlushAsync(cancellationToken);
        }
    }

    private static async Task<V1Status> StreamAsync(string url, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken)
    {
        await using var connection = await SpdyClient.ConnectAsync(new Uri(url), Protocols, cancellationToken);
        return await new RemoteCommand(connection, options, channels).RunAsync(cancellationToken);
    }

    private async Task<bool> IsRunningAsync(string container, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await runtime.Runtime.ContainerStatusAsync(
                new ContainerStatusRequest { ContainerId = container }, cancellationToken: cancellationToken);
            return answer.Status.State == ContainerState.ContainerRunning;
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
    }
}
