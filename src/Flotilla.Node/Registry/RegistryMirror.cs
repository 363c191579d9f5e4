using System.Net;
using System.Text.Json;
using Flotilla.Node.Containerd;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Registry;

/// <summary>
/// A read-only registry on loopback with the images that were imported into this node's containerd, which asks here before
/// any real registry. So <c>imagePullPolicy: Always</c> of an imported image needs no network. What is not here is
/// answered 404, on which containerd goes on to the registry that the image's name means.
/// </summary>
public sealed partial class RegistryMirror(NodeOptions options, ImageStore images, ILogger<RegistryMirror> logger) : IHostedService, IAsyncDisposable
{
    private const int MaxManifestBytes = 4 << 20;
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    private const string OciIndex = "application/vnd.oci.image.index.v1+json";

    private WebApplication? server;

    public int Port { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, options.RegistryMirrorPort));
        server = builder.Build();
        server.Run(AnswerAsync);
        await server.StartAsync(cancellationToken);
        Port = new Uri(server.Urls.First()).Port;
        // Read by containerd at every pull, so a new port needs no restart of it.
        ContainerdConfiguration.Write(
            Path.Combine(ContainerdConfiguration.RegistryHosts(options), "_default", "hosts.toml"),
            ContainerdConfiguration.HostsToml(Port));
        Log.Listening(logger, Port);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (server is not null)
        {
            await server.StopAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var reading = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var path = reading ? RegistryPath.Parse(context.Request.Path.Value ?? "") : null;
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        switch (path?.Resource)
        {
            case RegistryResource.Root:
                break;
            case RegistryResource.Manifest:
                await AnswerManifestAsync(context, path);
                break;
            case RegistryResource.Blob:
                await AnswerBlobAsync(context, path.Reference, "application/octet-stream");
                break;
            default:
                context.Response.StatusCode = reading ? StatusCodes.Status404NotFound : StatusCodes.Status405MethodNotAllowed;
                break;
        }
    }

    private async Task AnswerManifestAsync(HttpContext context, RegistryPath path)
    {
        if (path.IsDigest)
        {
            await AnswerBlobAsync(context, path.Reference, await ManifestTypeAsync(path.Reference, context.RequestAborted));
            return;
        }
        // containerd tells in "ns" for which registry it asks.
        var registry = context.Request.Query["ns"].FirstOrDefault() ?? "docker.io";
        var manifest = await images.FindLoadedAsync($"{registry}/{path.Repository}:{path.Reference}", context.RequestAborted);
        await AnswerBlobAsync(context, manifest?.Digest ?? "", manifest?.MediaType ?? OciManifest);
    }

    private async Task AnswerBlobAsync(HttpContext context, string digest, string contentType)
    {
        var isOurs = digest.Length > 0 && await images.IsLoadedAsync(digest, context.RequestAborted);
        var size = isOurs ? await images.BlobSizeAsync(digest, context.RequestAborted) : null;
        if (size is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync("""{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not among the images of this node"}]}"""u8.ToArray(), context.RequestAborted);
            return;
        }
        context.Response.ContentType = contentType;
        context.Response.ContentLength = size;
        context.Response.Headers["Docker-Content-Digest"] = digest;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await images.CopyBlobAsync(digest, context.Response.Body, context.RequestAborted);
        }
    }

    // Without a mediaType of its own a manifest is an OCI one; only an index has "manifests".
    private async Task<string> ManifestTypeAsync(string digest, CancellationToken cancellationToken)
    {
        if (await images.BlobSizeAsync(digest, cancellationToken) is not (> 0 and <= MaxManifestBytes))
        {
            return OciManifest;
        }
        using var blob = new MemoryStream();
        await images.CopyBlobAsync(digest, blob, cancellationToken);
        try
        {
            using var json = JsonDocument.Parse(blob.GetBuffer().AsMemory(0, (int)blob.Length));
            return json.RootElement.TryGetProperty("mediaType", out var type) && type.GetString() is { Length: > 0 } text ? text
                : json.RootElement.TryGetProperty("manifests", out _) ? OciIndex
                : OciManifest;
        }
        catch (JsonException)
        {
            return OciManifest;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The registry mirror listens on loopback port {Port}")]
        public static partial void Listening(ILogger logger, int port);
    }
}
