using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Server.Tests.Harness;

/// <summary>An API server of one test's own, over a store that outlives it, by a clock of the test's choice. Without controllers.</summary>
internal sealed class OwnServer : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-own-");
    private readonly ClusterIdentity identity;

    private OwnServer(IStore store, TimeProvider time, Func<ApiServerOptions, ApiServerOptions>? change, OwnServer? sibling, DirectoryInfo? files)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        foreach (var file in files?.GetFiles() ?? [])
        {
            file.CopyTo(Path.Combine(directory.FullName, file.Name));
        }

        identity = sibling?.identity ?? ClusterIdentity.LoadOrCreate(directory.FullName, ["127.0.0.1", "kubernetes"], TimeProvider.System);
        var options = new ApiServerOptions { Port = Port, BindAddress = IPAddress.Loopback, AdvertiseAddress = IPAddress.Parse("192.0.2.10") };
        Server = new ApiServer(change?.Invoke(options) ?? options, store, identity, time, NullLoggerFactory.Instance);
        Http = Connect();
        Admin = new ApiCaller(Http, null);
    }

    public int Port { get; }

    /// <summary>Of its identity, unless that is a sibling's.</summary>
    public DirectoryInfo Files => directory;

    public ClusterIdentity Identity => identity;

    public ApiServer Server { get; }

    public HttpClient Http { get; }

    public ApiCaller Admin { get; }

    /// <param name="sibling">A server of the same cluster; stopped before this one.</param>
    /// <param name="files">Of a server of the same cluster, to begin with.</param>
    public static async Task<OwnServer> StartAsync(IStore store, TimeProvider? time = null, Func<ApiServerOptions, ApiServerOptions>? change = null, OwnServer? sibling = null, DirectoryInfo? files = null)
    {
        var own = new OwnServer(store, time ?? TimeProvider.System, change, sibling, files);
        await own.Server.StartAsync(TestContext.Current.CancellationToken);
        return own;
    }

    public ApiCaller ClientOf(string user) => new(Connect(identity.IssueClientCertificate(user, [], TimeSpan.FromHours(1))), null);

    /// <summary>Connections of their own, as the administrator.</summary>
    public HttpClient Connect() => Connect(identity.Admin);

    /// <summary>With no certificate, but perhaps with a token.</summary>
    public ApiCaller Anonymous(string? bearer = null) => new(Connect(null), bearer);

    /// <param name="certificate">null: as nobody.</param>
    public HttpClient Connect(IssuedCertificate? certificate)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate.Load(), null);
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}"), Timeout = TimeSpan.FromSeconds(60) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.StopAsync(CancellationToken.None);
        await Server.DisposeAsync();
        directory.Delete(recursive: true);
    }
}
