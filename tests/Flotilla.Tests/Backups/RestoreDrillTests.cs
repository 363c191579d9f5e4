using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Backups;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Node;
using Flotilla.Node.Joining;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Tests.Backups;

/// <summary>A control plane is backed up while it serves, destroyed, and comes back in another directory at another address.</summary>
public sealed class RestoreDrillTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-drill-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Everything_is_back_and_clients_notice_that_time_was_lost()
    {
        var before = Settings("before") with { NodeName = "old", NetworkBackend = ClusterSettings.HostGateway, NodeGracePeriod = TimeSpan.FromSeconds(9), Ingress = new IngressSettings { HttpPort = 8080, AccessLog = "/var/log/old" } };
        before.Save();
        string backup;
        string token;
        string version;
        JsonNode secret;
        var node = new NodeIdentity(Path.Combine(directory.FullName, "node"));
        await using (var server = await Running.StartAsync(before))
        {
            secret = await server.SendAsync("POST", "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"stringData":{"word":"open sesame"}}""", 201);
            await server.SendAsync("POST", "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""", 201);
            var request = await server.SendAsync("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", """{"spec":{"expirationSeconds":86400}}""", 201);
            token = (string)request["status"]!["token"]!;
            await CheckAsync(node, server.Join(node));
            await server.SendAsync("POST", "/apis/apps/v1/namespaces/default/deployments", """{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", 201);

            // As the command does it: from beside the server, which has the file open.
            using var dump = SqliteDump.Open(before.Database);
            backup = new BackupFolder(before, TimeProvider.System).Take(dump);
            var late = await server.SendAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"late"}}""", 201);
            version = (string)late["metadata"]!["resourceVersion"]!;
        }

        var moved = Path.Combine(directory.FullName, "moved.backup");
        File.Move(backup, moved);
        Directory.Delete(before.DataDirectory, recursive: true);
        var content = BackupFile.Read(moved, null);
        var after = Restoring.SettingsFor(content, Settings("after")) with { ApiPort = FreePort() };
        Restoring.CheckEmpty(after.DataDirectory);
        await Restoring.ApplyAsync(content, after, Cancelled);
        Assert.Throws<UserError>(() => Restoring.CheckEmpty(after.DataDirectory));

        await using var restored = await Running.StartAsync(ClusterSettings.Load(after.DataDirectory));
        Assert.Equal(("old", ClusterSettings.HostGateway, TimeSpan.FromSeconds(9)), (after.NodeName, after.NetworkBackend, after.NodeGracePeriod));
        Assert.Equal(new IngressSettings { HttpPort = 8080 }, after.Ingress);
        var found = await restored.SendAsync("GET", "/api/v1/namespaces/default/secrets/s", null, 200);
        Assert.Equal("open sesame", Encoding.UTF8.GetString(Convert.FromBase64String((string)found["data"]!["word"]!)));
        Assert.Equal((string?)secret["metadata"]!["uid"], (string?)found["metadata"]!["uid"]);
        await restored.SendAsync("GET", "/apis/apps/v1/namespaces/default/deployments/d", null, 200);
        await restored.SendAsync("GET", "/api/v1/namespaces/default/configmaps/late", null, 404);
        var review = await restored.SendAsync("GET", "/api/v1/namespaces/default/configmaps", null, 403, token);
        Assert.Contains("system:serviceaccount:default:robot", (string?)review["message"], StringComparison.Ordinal);

        // A node that joined the cluster of before needs to be told only where it is now.
        await CheckAsync(node, after.ApiPort);

        // Whoever watched has seen what is gone: it must list again.
        var gone = await restored.SendAsync("GET", $"/api/v1/namespaces/default/configmaps?watch=true&resourceVersion={version}&timeoutSeconds=5", null, 200);
        Assert.Equal(("ERROR", 410), ((string?)gone["type"], (int)gone["object"]!["code"]!));
        var created = await restored.SendAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"new"}}""", 201);
        Assert.True(long.Parse((string)created["metadata"]!["resourceVersion"]!) > long.Parse(version) + 100_000);
    }

    [Fact]
    public async Task The_oldest_backups_go_when_there_are_too_many()
    {
        var settings = Settings("kept");
        settings = settings with { Backup = settings.Backup with { Keep = 2 } };
        await using (await Running.StartAsync(settings))
        {
        }

        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow);
        var folder = new BackupFolder(settings, time);
        var taken = new List<string>();
        for (var round = 0; round < 4; round++)
        {
            using var dump = SqliteDump.Open(settings.Database);
            taken.Add(folder.Take(dump));
            time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal([taken[3], taken[2]], folder.List().Select(file => file.FullName));
    }

    private static async Task CheckAsync(NodeIdentity node, int port)
    {
        var servers = new ServerList([new DnsEndPoint("127.0.0.1", port)], node.ServersFile);
        var join = new NodeJoin(node, servers, new NodeOptions { NodeName = "far" }, TimeProvider.System);
        Assert.True(join.HasIdentity);
        using var client = join.Client();
        await join.CheckAsync(client, Cancelled);
    }

    private ClusterSettings Settings(string name)
    {
        var data = Path.Combine(directory.FullName, name);
        return ClusterSettings.Load(data) with { RunDirectory = Path.Combine(directory.FullName, name + "-run"), ApiPort = FreePort() };
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The API server of a data directory.</summary>
    private sealed class Running(ApiServer server, IStore store, ClusterIdentity identity, int port) : IAsyncDisposable
    {
        public static async Task<Running> StartAsync(ClusterSettings settings)
        {
            var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
            var store = await Datastore.OpenAsync(settings, TimeProvider.System, NullLoggerFactory.Instance, Cancelled);
            var server = new ApiServer(new ApiServerOptions { Port = settings.ApiPort, BindAddress = IPAddress.Loopback }, store, identity, TimeProvider.System, NullLoggerFactory.Instance);
            await server.StartAsync(Cancelled);
            return new Running(server, store, identity, settings.ApiPort);
        }

        /// <summary>Makes a node a member; returns where its server is.</summary>
        public int Join(NodeIdentity node)
        {
            var issued = identity.IssueClientCertificate("system:node:far", ["system:nodes"], TimeSpan.FromHours(1));
            node.SetAuthorities(identity.Authorities);
            node.SetClient($"{issued.CertificatePem}\n{issued.KeyPem}");
            return port;
        }

        public async Task<JsonNode> SendAsync(string method, string path, string? body, int code, string? token = null)
        {
            using var handler = new SocketsHttpHandler { UseProxy = false };
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Issuer == identity.CaCertificate.Subject;
            if (token is null)
            {
                handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(identity.Admin.Load(), null);
            }

            using var client = new HttpClient(handler);
            using var request = new HttpRequestMessage(new HttpMethod(method), $"https://127.0.0.1:{port}{path}");
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await client.SendAsync(request, Cancelled);
            var text = await response.Content.ReadAsStringAsync(Cancelled);
            Assert.True(code == (int)response.StatusCode, $"{method} {path}: {text}");
            return JsonNode.Parse(text)!;
        }

        public async ValueTask DisposeAsync()
        {
            await server.StopAsync(CancellationToken.None);
            await server.DisposeAsync();
            await store.DisposeAsync();
        }
    }
}
