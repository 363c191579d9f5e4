using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flotilla.Server.Audit;
using Flotilla.Server.Identity;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Server.Tests.Audit;

/// <summary>An API server of its own that keeps an audit log.</summary>
internal sealed class AuditScene : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-audit-");
    private readonly MemoryStore store = new();
    private readonly ApiServer server;

    private AuditScene(string policy)
    {
        var policyFile = Path.Combine(directory.FullName, "policy.yaml");
        File.WriteAllText(policyFile, policy);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var identity = ClusterIdentity.LoadOrCreate(Path.Combine(directory.FullName, "pki"), ["127.0.0.1"], TimeProvider.System);
        server = new ApiServer(
            new ApiServerOptions { Port = port, BindAddress = IPAddress.Any, AdvertiseAddress = IPAddress.Parse("192.0.2.10"), Audit = new AuditOptions { PolicyFile = policyFile, LogFile = LogFile } },
            store, identity, TimeProvider.System, NullLoggerFactory.Instance);
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(identity.Admin.Load(), null);
        Address = new Uri($"https://127.0.0.1:{port}");
        Admin = new ApiCaller(new HttpClient(handler) { BaseAddress = Address }, null);
    }

    public ApiCaller Admin { get; }

    public Uri Address { get; }

    public ApiServer Server => server;

    private string LogFile => Path.Combine(directory.FullName, "audit.log");

    public static async Task<AuditScene> StartAsync(string policy)
    {
        var scene = new AuditScene(policy);
        await scene.server.StartAsync(CancellationToken.None);
        return scene;
    }

    /// <summary>Stops the server, so that all is written, and reads the log.</summary>
    public async Task<IReadOnlyList<JsonNode>> EndAsync()
    {
        await server.StopAsync(CancellationToken.None);
        return File.Exists(LogFile) ? [.. (await File.ReadAllLinesAsync(LogFile)).Select(line => JsonNode.Parse(line)!)] : [];
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await store.DisposeAsync();
        directory.Delete(recursive: true);
    }
}
