using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine.Networks;

/// <summary>
/// Names of containers in networks that users have made: a server on each one's gateway, as each network has names of its own. What is no
/// container's name the cluster's DNS is asked.
/// </summary>
internal sealed partial class NameServers(EngineOptions options, NetworkStore networks, ContainerStore containers, TimeProvider time, ILogger<NameServers> logger) : IAsyncDisposable
{
    private const int Port = 53;
    private const int LongestMessage = 4096;
    private const int MostAtOnce = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, (CancellationTokenSource Ended, Task Serving)> servers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim asking = new(MostAtOnce);

    /// <summary>A server for each network that has names, and none for those that are gone.</summary>
    public void Follow()
    {
        var wanted = networks.All.Where(network => network.HasNames).ToDictionary(network => network.Id, StringComparer.Ordinal);
        foreach (var gone in servers.Keys.Where(id => !wanted.ContainsKey(id)))
        {
            if (servers.TryRemove(gone, out var server))
            {
                server.Ended.Cancel();
            }
        }

        foreach (var network in wanted.Values.Where(network => !servers.ContainsKey(network.Id)))
        {
            var ended = new CancellationTokenSource();
            servers[network.Id] = (ended, ServeAsync(network, ended.Token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.Values)
        {
            await server.Ended.CancelAsync();
        }

        await Task.WhenAll(servers.Values.Select(server => server.Serving)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync(NetworkRecord network, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(network.Gateway), Port));
            var buffer = new byte[LongestMessage];
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellationToken);
                await asking.WaitAsync(cancellationToken);
                _ = AnswerAsync(socket, network, buffer.AsSpan(0, received.ReceivedBytes).ToArray(), received.RemoteEndPoint, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The network or the engine has gone.
        }
        catch (SocketException failure)
        {
            Log.NoServer(logger, network.Name, failure.Message);
        }
    }

    private async Task AnswerAsync(Socket socket, NetworkRecord network, byte[] query, EndPoint client, CancellationToken cancellationToken)
    {
        try
        {
            var answer = NameQuery.Parse(query) is { } question && AddressesOf(NetworksOf(network, client), question.Name) is { } addresses
                ? question.Answer(query, addresses)
                : await ForwardAsync(query, cancellationToken);
            await socket.SendToAsync(answer, client, cancellationToken);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException or TimeoutException)
        {
            // The client asks again.
        }
        finally
        {
            asking.Release();
        }
    }

    // Who is in several networks asks one server, and means all of them.
    private IEnumerable<string> NetworksOf(NetworkRecord network, EndPoint client)
    {
        var address = ((IPEndPoint)client).Address.ToString();
        var asker = containers.All.FirstOrDefault(container => container.Record.Networks.TryGetValue(network.Name, out var endpoint) && endpoint.Address == address);
        return asker is null ? [network.Name] : asker.Record.Networks.Keys.OrderBy(name => name == network.Name ? 0 : 1);
    }

    /// <returns>null: it is no container's name.</returns>
    private List<IPAddress>? AddressesOf(IEnumerable<string> among, string name) =>
        among.Where(network => network != BuiltInNetworks.Bridge).Select(network => ContainerAddresses.Find(containers.All.Where(container => container.Record.State.IsRunning).Select(container => container.Record), network, name))
            .FirstOrDefault(found => found.Count > 0);

    private async Task<byte[]> ForwardAsync(byte[] query, CancellationToken cancellationToken)
    {
        using var upstream = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await upstream.ConnectAsync(new IPEndPoint(options.ClusterDns, Port), cancellationToken);
        await upstream.SendAsync(query, cancellationToken);
        var buffer = new byte[LongestMessage];
        var count = await upstream.ReceiveAsync(buffer, cancellationToken).AsTask().WaitAsync(Patience, time, cancellationToken);
        return buffer[..count];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Containers of network {Network} find no names: {Reason}")]
        public static partial void NoServer(ILogger logger, string network, string reason);
    }
}
