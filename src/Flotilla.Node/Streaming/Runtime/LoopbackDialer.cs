using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>Connects to ports on a pod's own loopback, from inside its network namespace.</summary>
internal sealed class LoopbackDialer(CriClient runtime)
{
    private static readonly IPAddress[] Loopbacks = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    public async Task<Socket> ConnectAsync(string sandbox, int port, CancellationToken cancellationToken)
    {
        var path = await NetworkNamespaceAsync(sandbox, cancellationToken);
        Exception? first = null;
        foreach (var address in Loopbacks)
        {
            var socket = await CreateAsync(path, address.AddressFamily);
            try
            {
                await socket.ConnectAsync(address, port, cancellationToken);
                return socket;
            }
            catch (SocketException failure)
            {
                socket.Dispose();
                first ??= failure;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        throw new IOException(
            $"failed to connect to localhost:{port} inside namespace \"{sandbox}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: {first!.Message.ToLowerInvariant()}", first);
    }

    // null: the pod lives in the node's own network.
    private async Task<string?> NetworkNamespaceAsync(string sandbox, CancellationToken cancellationToken)
    {
        var answer = await runtime.Runtime.PodSandboxStatusAsync(
            new PodSandboxStatusRequest { PodSandboxId = sandbox, Verbose = true }, cancellationToken: cancellationToken);
        if (answer.Status.Linux?.Namespaces?.Options?.Network == NamespaceMode.Node)
        {
            return null;
        }
        using var info = JsonDocument.Parse(answer.Info["info"]);
        var namespaces = info.RootElement.GetProperty("runtimeSpec").GetProperty("linux").GetProperty("namespaces");
        foreach (var entry in namespaces.EnumerateArray())
        {
            if (entry.GetProperty("type").GetString() == "network" && entry.TryGetProperty("path", out var path))
            {
                return path.GetString();
            }
        }
        return $"/proc/{info.RootElement.GetProperty("pid").GetInt32()}/ns/net";
    }

    // A socket belongs for good to the namespace of the thread that made it; that thread ends with it.
    private static Task<Socket> CreateAsync(string? networkNamespace, AddressFamily family)
    {
        if (networkNamespace is null)
        {
            return Task.FromResult(new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        }
        var made = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                Native.EnterNetworkNamespace(networkNamespace);
                made.SetResult(new Socket(family, SocketType.Stream, ProtocolType.Tcp));
            }
            catch (Exception failure)
            {
                made.SetException(failure);
            }
        })
        { IsBackground = true, Name = "pod dialer" };
        thread.Start();
        return made.Task;
    }
}
