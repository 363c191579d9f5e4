using System.Net;
using System.Net.Http.Headers;
using Flotilla.Docker;
using Flotilla.Engine.Images;

namespace Flotilla.Engine.Registries;

/// <summary>Brings an image into a repository: the layers that it does not have yet, the configuration, and the manifest under a tag.</summary>
internal sealed class ImagePush(RegistryClient registry, ProgressLines lines, Func<Blob, Stream> open, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    /// <exception cref="DockerException">The registry refuses it, in its words.</exception>
    public async Task RunAsync(ImageContent content, Blob manifest, string tag, CancellationToken cancellationToken)
    {
        var layers = content.Layers.Select(Short).Zip(content.LayerBlobs).ToList();
        foreach (var (id, _) in layers.AsEnumerable().Reverse())
        {
            await lines.StepAsync(id, "Preparing");
        }

        foreach (var (id, layer) in layers)
        {
            if (await HasAsync(layer, cancellationToken))
            {
                await lines.StepAsync(id, "Layer already exists");
                continue;
            }

            await UploadAsync(layer, id, cancellationToken);
            await lines.StepAsync(id, "Pushed");
        }

        if (!await HasAsync(content.ConfigBlob, cancellationToken))
        {
            await UploadAsync(content.ConfigBlob, null, cancellationToken);
        }

        await SendAsync(() => Put(registry.Page("manifests/" + tag), new StreamContent(open(manifest)), manifest.MediaType, manifest.Size), cancellationToken);
    }

    private async Task<bool> HasAsync(Blob blob, CancellationToken cancellationToken)
    {
        using var answer = await registry.SendAsync(() => new HttpRequestMessage(HttpMethod.Head, registry.Page("blobs/" + blob.Digest)), cancellationToken);
        return answer.IsSuccessStatusCode;
    }

    /// <param name="id">Under which its progress is told; null: it is not.</param>
    private async Task UploadAsync(Blob blob, string? id, CancellationToken cancellationToken)
    {
        using var begun = await SendAsync(() => new HttpRequestMessage(HttpMethod.Post, registry.Page("blobs/uploads/")), cancellationToken);
        if (begun.Headers.Location is not { } location)
        {
            throw new DockerException(500, "the registry did not say where to upload to");
        }

        var target = new Uri(registry.Base, location);
        var page = new Uri($"{target}{(target.Query.Length == 0 ? "?" : "&")}digest={Uri.EscapeDataString(blob.Digest)}");
        Stream? source = null;
        var sent = SendAsync(() => Put(page, new StreamContent(source = open(blob)), "application/octet-stream", blob.Size), cancellationToken);
        while (!sent.IsCompleted)
        {
            await Task.WhenAny(sent, Task.Delay(Every, time, cancellationToken));
            if (id is not null && !sent.IsCompleted && source is not null)
            {
                await lines.StepAsync(id, "Pushing", source.Position, blob.Size);
            }
        }

        (await sent).Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        var answer = await registry.SendAsync(make, cancellationToken);
        return answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted or HttpStatusCode.NoContent ? answer : throw await RegistryClient.RefusalAsync(answer, cancellationToken);
    }

    private static HttpRequestMessage Put(Uri page, HttpContent body, string type, long size)
    {
        body.Headers.ContentType = new MediaTypeHeaderValue(type);
        body.Headers.ContentLength = size;
        return new HttpRequestMessage(HttpMethod.Put, page) { Content = body };
    }

    private static string Short(string digest) => digest["sha256:".Length..][..12];
}
