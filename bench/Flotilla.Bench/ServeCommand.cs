using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Bench;

/// <summary>What <see cref="ServedApi"/> runs: serves until its standard input ends.</summary>
internal static class ServeCommand
{
    public const string DatabaseName = "state.db";
    public const string SocketName = "docker.sock";

    /// <summary>Set: the URLs of an etcd that is used instead of a file.</summary>
    public const string EtcdVariable = "FLOTILLA_BENCH_ETCD";

    public static Command Create()
    {
        var what = new Argument<string>("what");
        var directory = new Argument<string>("directory");
        var command = new Command("serve", "Serves an API without a node until standard input ends") { what, directory };
        command.Hidden = true;
        command.SetAction((result, cancellationToken) => result.GetValue(what) == "ceiling"
            ? ServeCeilingAsync(result.GetValue(directory)!, cancellationToken)
            : ServeApiAsync(result.GetValue(what)!, result.GetValue(directory)!, cancellationToken));
        return command;
    }

    private static async Task ServeApiAsync(string what, string directory, CancellationToken cancellationToken)
    {
        var identity = ClusterIdentity.LoadOrCreate(directory, ["127.0.0.1"], TimeProvider.System);
        await using var store = await OpenAsync(directory, cancellationToken);
        var port = FreePort();
        await using var server = new ApiServer(new ApiServerOptions { Port = port, BindAddress = IPAddress.Loopback }, store, identity, TimeProvider.System, NullLoggerFactory.Instance);
        await server.StartAsync(cancellationToken);
        await using var services = new ServedServices(server, identity, what, Path.Combine(directory, SocketName));
        await services.StartAsync(cancellationToken);
        await ReadyAsync(directory, identity, port, cancellationToken);
        await services.StopAsync();
        await server.StopAsync(cancellationToken);
    }

    private static async Task<IStore> OpenAsync(string directory, CancellationToken cancellationToken) => Environment.GetEnvironmentVariable(EtcdVariable) is { Length: > 0 } endpoints
        ? await EtcdStore.OpenAsync(
            new EtcdOptions { Endpoints = [.. endpoints.Split(',').Select(endpoint => new Uri(endpoint))] }, new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, cancellationToken)
        : SqliteStore.Open(Path.Combine(directory, DatabaseName), new StorageOptions(), TimeProvider.System);

    // What the same listener can do at best: it looks at nothing but the path and answers with bytes made before.
    private static async Task ServeCeilingAsync(string directory, CancellationToken cancellationToken)
    {
        var identity = ClusterIdentity.LoadOrCreate(directory, ["127.0.0.1"], TimeProvider.System);
        var port = FreePort();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https => https.ServerCertificate = identity.ServerCertificate);
        }));
        await using var application = builder.Build();
        var one = new byte[ObjectBench.ObjectBytes];
        var all = new byte[ObjectBench.ObjectBytes * ObjectBench.CeilingObjects];
        application.Run(async context =>
        {
            var body = context.Request.Path.Value!.EndsWith("/configmaps", StringComparison.Ordinal) && context.Request.Method == "GET" ? all : one;
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
        });
        await application.StartAsync(cancellationToken);
        await ReadyAsync(directory, identity, port, cancellationToken);
        await application.StopAsync(cancellationToken);
    }

    private static async Task ReadyAsync(string directory, ClusterIdentity identity, int port, CancellationToken cancellationToken)
    {
        static string Data(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
        await File.WriteAllTextAsync(
            Path.Combine(directory, "kubeconfig"),
            $$"""
            apiVersion: v1
            kind: Config
            current-context: bench
            contexts: [{name: bench, context: {cluster: bench, user: bench} }]
            clusters: [{name: bench, cluster: {server: "https://127.0.0.1:{{port}}", certificate-authority-data: {{Data(identity.CaPem)}} } }]
            users: [{name: bench, user: {client-certificate-data: {{Data(identity.Admin.CertificatePem)}}, client-key-data: {{Data(identity.Admin.KeyPem)}} } }]
            """,
            cancellationToken);
        Console.WriteLine("ready");
        await Console.In.ReadLineAsync(cancellationToken);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
