using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Flotilla.Engine.Images;
using Grpc.Core;

namespace Flotilla.Engine.Registries;

/// <summary><c>docker push</c>: from containerd's content straight into a registry.</summary>
internal sealed class PushRoutes(Runtime runtime, ImageCatalog images, HttpClient http, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All => [new("POST", "/images/{name*}/push", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var repository = ImageReference.Of(ImageCatalog.FullName(request.Words["name"])) with { Tag = null, Digest = null };
        var tag = request.Query("tag") ?? "";
        var login = RegistryLogin.From(request.Context.Request);
        var all = await images.ListAsync(cancellationToken);
        return DockerAnswer.Stream(async (response, token) =>
        {
            var lines = new ProgressLines(response, token);
            await lines.StatusAsync($"The push refers to repository [{repository.Repository}]");
            try
            {
                foreach (var reference in Wanted(all, repository, tag))
                {
                    await PushAsync(lines, reference, all.First(image => image.Tags.Contains(reference.Full, StringComparer.Ordinal)), login, token);
                }
            }
            catch (DockerException refused)
            {
                await lines.FailureAsync(refused.Message);
            }
            catch (RpcException failure)
            {
                await lines.FailureAsync(failure.Status.Detail);
            }
        });
    }

    /// <param name="tag">Empty: all tags.</param>
    private static List<ImageReference> Wanted(IReadOnlyList<EngineImage> all, ImageReference repository, string tag)
    {
        var here = all.SelectMany(image => image.Tags).Select(ImageReference.Of).Where(known => known.Repository == repository.Repository).ToList();
        if (here.Count == 0)
        {
            throw new DockerException(404, $"An image does not exist locally with the tag: {ImageName.Familiar(repository.Repository)}");
        }

        var wanted = here.Where(known => tag.Length == 0 || known.Tag == tag).ToList();
        return wanted.Count > 0 ? wanted : throw new DockerException(404, $"tag does not exist: {ImageName.Familiar(repository.Repository)}:{tag}");
    }

    private async Task PushAsync(ProgressLines lines, ImageReference reference, EngineImage image, RegistryLogin? login, CancellationToken cancellationToken)
    {
        var manifest = await images.Contents.ManifestAsync(image.Content, cancellationToken);
        var registry = new RegistryClient(http, reference.Host, reference.Path, login);
        await new ImagePush(registry, lines, blob => new BlobStream(runtime, blob, cancellationToken), time).RunAsync(image.Content, manifest, reference.Tag!, cancellationToken);
        await lines.StatusAsync($"{reference.Tag}: digest: {manifest.Digest} size: {manifest.Size}");
        await lines.ResultAsync(new JsonObject { ["Tag"] = reference.Tag, ["Digest"] = manifest.Digest, ["Size"] = manifest.Size });
        events.Add("image", "push", ImageName.Familiar(reference.Full), [.. image.Labels.Select(label => (label.Key, label.Value)), ("name", ImageName.Familiar(reference.Repository))]);
    }
}
