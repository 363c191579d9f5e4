using System.Net;
using System.Net.Sockets;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Node;
using Flotilla.Node.Joining;
using Flotilla.Server;
using Flotilla.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Tests.Composition;

/// <summary>Two servers with the same keys, of which one was made to go on without the other.</summary>
public sealed class LeftBehindTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-behind-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task One_that_comes_back_finds_out_and_remembers_it_until_it_is_to_go_on_itself()
    {
        var (gone, other) = (Settings("gone"), Settings("other"));
        ControlPlane.IdentityFor(gone, TimeProvider.System);
        await ClusterKeys.WriteAsync(other.IdentityDirectory, ClusterKeys.Read(gone.IdentityDirectory), Cancelled);
        await File.WriteAllLinesAsync(Path.Combine(gone.DataDirectory, "servers"), [$"127.0.0.1:{gone.ApiPort}", $"127.0.0.1:{other.ApiPort}"], Cancelled);

        // Of the same cluster: nobody is behind.
        await using (await RunAsync(other))
        {
            await new LeftBehind(gone, TimeProvider.System).CheckAsync(Cancelled);
        }

        LeftBehind.GoOn(other, TimeProvider.System);
        await using (await RunAsync(other))
        {
            var told = await Assert.ThrowsAsync<UserError>(() => new LeftBehind(gone, TimeProvider.System).WatchAsync(() => [], Cancelled));
            Assert.StartsWith($"The cluster went on without this server: 127.0.0.1:{other.ApiPort} was made to with --force-new-cluster", told.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<UserError>(() => new LeftBehind(gone, TimeProvider.System).CheckAsync(Cancelled));
        LeftBehind.GoOn(gone, TimeProvider.System);
        await new LeftBehind(gone, TimeProvider.System).CheckAsync(Cancelled);
        await using (await RunAsync(gone))
        {
            await File.WriteAllLinesAsync(Path.Combine(other.DataDirectory, "servers"), [$"127.0.0.1:{gone.ApiPort}"], Cancelled);
            await Assert.ThrowsAsync<UserError>(() => new LeftBehind(other, TimeProvider.System).CheckAsync(Cancelled));
        }
    }

    [Fact]
    public async Task A_node_that_knows_the_one_that_went_on_takes_nothing_from_the_other()
    {
        var (gone, other) = (Settings("gone"), Settings("other"));
        var identity = ControlPlane.IdentityFor(gone, TimeProvider.System);
        await ClusterKeys.WriteAsync(other.IdentityDirectory, ClusterKeys.Read(gone.IdentityDirectory), Cancelled);
        LeftBehind.GoOn(other, TimeProvider.System);
        var node = new NodeIdentity(Path.Combine(directory.FullName, "node"));
        var issued = identity.IssueClientCertificate("system:node:far", ["system:nodes"], TimeSpan.FromHours(1));
        node.SetAuthorities(identity.Authorities);
        node.SetClient($"{issued.CertificatePem}\n{issued.KeyPem}");

        await using (await RunAsync(gone))
        {
            await AskAsync(node, gone);
            await using (await RunAsync(other))
            {
                await AskAsync(node, other);
                await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(node, gone));

                // Of both it finds the right one by itself.
                using var client = Client(node, gone, other);
                await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(client));
                await AskAsync(client);
            }

            await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(new NodeIdentity(Path.Combine(directory.FullName, "node")), gone, other));
        }
    }

    private static HttpObjectClient Client(NodeIdentity node, params ClusterSettings[] servers) =>
        new NodeJoin(node, new ServerList(servers.Select(server => new DnsEndPoint("127.0.0.1", server.ApiPort)), node.ServersFile), new NodeOptions { NodeName = "far" }, TimeProvider.System).Client();

    private static async Task AskAsync(NodeIdentity node, params ClusterSettings[] servers)
    {
        using var client = Client(node, servers);
        await AskAsync(client);
    }

    private static Task AskAsync(HttpObjectClient client) => client.SendAsync(HttpMethod.Get, "/version", null, default, Cancelled);

    private static async Task<ApiServer> RunAsync(ClusterSettings settings)
    {
        var server = new ApiServer(
            new ApiServerOptions { Port = settings.ApiPort, BindAddress = IPAddress.Loopback }, new MemoryStore(), ControlPlane.IdentityFor(settings, TimeProvider.System), TimeProvider.System, NullLoggerFactory.Instance);
        await server.StartAsync(Cancelled);
        return server;
    }

    private ClusterSettings Settings(string name)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var settings = ClusterSettings.Load(Path.Combine(directory.FullName, name)) with { RunDirectory = Path.Combine(directory.FullName, name + "-run"), ApiPort = ((IPEndPoint)listener.LocalEndpoint).Port };
        settings.Save();
        return settings;
    }
}
