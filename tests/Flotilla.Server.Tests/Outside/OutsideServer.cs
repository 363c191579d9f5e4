using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Server.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Tests.Outside;

/// <summary>A server outside the cluster, on loopback behind a certificate of its own authority; counts what it is asked.</summary>
internal sealed class OutsideServer : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-outside-");
    private readonly WebApplication app;
    private readonly Func<string, JsonObject?, JsonNode?> answer;
    private int asked;

    private OutsideServer(Func<string, JsonObject?, JsonNode?> answer)
    {
        this.answer = answer;
        var identity = ClusterIdentity.LoadOrCreate(Path.Combine(directory.FullName, "pki"), ["127.0.0.1"], TimeProvider.System);
        CaFile = Path.Combine(directory.FullName, "ca.crt");
        File.WriteAllText(CaFile, identity.CaPem);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(identity.ServerCertificate)));
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public string CaFile { get; }

    public Uri Address { get; private set; } = new("https://127.0.0.1");

    public int Asked => asked;

    /// <summary>What the last request identified itself with.</summary>
    public string? Authorization { get; private set; }

    /// <param name="answer">(path, body) to the answer, JSON or the text of a token; null: 404.</param>
    public static async Task<OutsideServer> StartAsync(Func<string, JsonObject?, JsonNode?> answer)
    {
        var server = new OutsideServer(answer);
        await server.app.StartAsync();
        server.Address = new Uri(server.app.Urls.Single());
        return server;
    }

    /// <summary>A kubeconfig that leads here.</summary>
    public string Kubeconfig()
    {
        var file = Path.Combine(directory.FullName, "kubeconfig");
        File.WriteAllText(file, $"""
            apiVersion: v1
            kind: Config
            clusters: [{"{"}name: c, cluster: {"{"}server: "{Address}", certificate-authority: ca.crt{"}"}{"}"}]
            users: [{"{"}name: u, user: {"{"}token: t{"}"}{"}"}]
            contexts: [{"{"}name: x, context: {"{"}cluster: c, user: u{"}"}{"}"}]
            current-context: x
            """);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref asked);
        Authorization = context.Request.Headers.Authorization.Count > 0 ? context.Request.Headers.Authorization.ToString() : Authorization;
        var body = context.Request.Method == "POST" ? (JsonObject?)await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) : null;
        if (answer(context.Request.Path, body) is { } found)
        {
            // A plain text is a token.
            var isToken = found.GetValueKind() == JsonValueKind.String;
            context.Response.ContentType = isToken ? "application/jwt" : "application/json";
            await context.Response.WriteAsync(isToken ? found.GetValue<string>() : found.ToJsonString(), context.RequestAborted);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }
}
