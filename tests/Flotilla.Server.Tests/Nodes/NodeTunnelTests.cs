using System.Text;
using Flotilla.Client.Streams;
using Flotilla.Server.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Server.Tests.Nodes;

public sealed class NodeTunnelTests
{
    [Fact]
    public async Task A_connection_is_asked_for_brought_and_used_until_it_is_closed()
    {
        var tunnel = new NodeTunnel();
        var connecting = tunnel.ConnectAsync(null, CancellationToken.None).AsTask();
        var number = await tunnel.Wanted.ReadAsync();
        using var input = new MemoryStream(Encoding.ASCII.GetBytes("from the node"));
        using var output = new MemoryStream();
        var carrying = tunnel.CarryAsync(number, input, output, CancellationToken.None);

        await using (var connection = await connecting)
        {
            await connection.WriteAsync(Encoding.ASCII.GetBytes("to the node"));
            var buffer = new byte[100];
            Assert.Equal("from the node", Encoding.ASCII.GetString(buffer, 0, await connection.ReadAsync(buffer)));
            Assert.False(carrying.IsCompleted);
        }

        Assert.True(await carrying);
        Assert.Equal("to the node", Encoding.ASCII.GetString(output.ToArray()));
    }

    [Fact]
    public async Task Another_port_of_the_node_is_asked_for_with_the_number()
    {
        var tunnel = new NodeTunnel();
        var connecting = tunnel.ConnectAsync(8080, CancellationToken.None).AsTask();
        var wanted = await tunnel.Wanted.ReadAsync();
        Assert.EndsWith(" 8080", wanted, StringComparison.Ordinal);
        using var nothing = new MemoryStream();
        using var over = new CancellationTokenSource();
        var carrying = tunnel.CarryAsync(wanted.Split(' ')[0], nothing, nothing, over.Token);
        Assert.Equal(0, await (await connecting).ReadAsync(new byte[1]));
        await over.CancelAsync();
        await carrying;
    }

    [Fact]
    public async Task A_connection_that_nobody_waits_for_is_not_taken()
    {
        using var nothing = new MemoryStream();
        Assert.False(await new NodeTunnel().CarryAsync("77", nothing, nothing, CancellationToken.None));
    }

    [Fact]
    public async Task Who_waits_when_the_tunnel_closes_is_told()
    {
        var tunnel = new NodeTunnel();
        var connecting = tunnel.ConnectAsync(null, CancellationToken.None).AsTask();
        tunnel.Close();
        await Assert.ThrowsAsync<IOException>(() => connecting);
    }

    [Fact]
    public async Task One_node_cannot_take_more_connections_than_allowed()
    {
        var tunnel = new NodeTunnel();
        using var nothing = new MemoryStream();
        using var over = new CancellationTokenSource();
        var carried = new List<Task>();
        for (var i = 0; i < TunnelPaths.MostConnections; i++)
        {
            var connecting = tunnel.ConnectAsync(null, CancellationToken.None).AsTask();
            carried.Add(tunnel.CarryAsync(await tunnel.Wanted.ReadAsync(), nothing, nothing, over.Token));
            await connecting;
        }

        var one = tunnel.ConnectAsync(null, CancellationToken.None).AsTask();
        Assert.False(tunnel.Wanted.TryRead(out _));
        await over.CancelAsync();
        await Task.WhenAll(carried);
        Assert.NotEmpty(await tunnel.Wanted.ReadAsync());
        tunnel.Close();
        await Assert.ThrowsAsync<IOException>(() => one);
    }

    [Fact]
    public void The_newest_tunnel_of_a_node_is_used_and_an_older_one_when_that_is_gone()
    {
        var tunnels = new NodeTunnels(NullLogger<NodeTunnels>.Instance);
        var (first, second) = (tunnels.Open("node"), tunnels.Open("node"));
        Assert.True(tunnels.TryGet("node", out var found));
        Assert.Same(second, found);

        tunnels.Close("node", second);
        Assert.True(tunnels.TryGet("node", out found));
        Assert.Same(first, found);
        tunnels.Close("node", first);
        Assert.False(tunnels.TryGet("node", out _));
    }
}
