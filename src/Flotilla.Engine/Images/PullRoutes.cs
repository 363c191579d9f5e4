using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Commits;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Flotilla.Engine.Registries;
using Flotilla.Linux.Cri;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary><c>docker pull</c>: by containerd's CRI plugin, as pods' images come. <c>docker import</c> has the same path.</summary>
internal sealed class PullRoutes(Runtime runtime, ImageCatalog images, HttpClient http, FileSystemImport import, EventLog events, TimeProvider time)
{
    // What fails at once is answered as an error; what takes longer is told line by line.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public IEnumerable<Route> All => [new("POST", "/images/create", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        if (request.Query("fromImage") is not { Length: > 0 } image)
        {
            return await import.AnswerAsync(request, cancellationToken);
        }

        var login = RegistryLogin.From(request.Context.Request);
        var tag = request.Query("tag") ?? "";
        if (tag.Length == 0 && !image.Contains('@', StringComparison.Ordinal) && image.LastIndexOf(':') <= image.LastIndexOf('/'))
        {
            return await PullAllAsync(ImageReference.Of(ImageCatalog.FullName(image)), login, cancellationToken);
        }

        var wanted = ImageReference.Of(ImageCatalog.FullName(tag.Length == 0 ? image : tag.Contains(':', StringComparison.Ordinal) ? $"{image}@{tag}" : $"{image}:{tag}"));
        var before = await images.ListAsync(cancellationToken);
        var pull = Begin(wanted, login, cancellationToken);
        await Task.WhenAny(pull, Task.Delay(Patience, time, cancellationToken));
        return pull.IsFaulted
            ? throw PullRefusal.Of(wanted, pull.Exception.InnerException as RpcException, login is not null)
            : DockerAnswer.Stream(async (response, token) =>
            {
                var lines = new ProgressLines(response, token);
                try
                {
                    await TellAsync(lines, wanted, before, pull, token);
                }
                catch (RpcException failure)
                {
                    await lines.FailureAsync(PullRefusal.Of(wanted, failure, login is not null).Message);
                }
            });
    }

    private async Task<DockerAnswer> PullAllAsync(ImageReference repository, RegistryLogin? login, CancellationToken cancellationToken)
    {
        var tags = await new RegistryClient(http, repository.Host, repository.Path, login).TagsAsync(cancellationToken);
        return DockerAnswer.Stream(async (response, token) =>
        {
            var lines = new ProgressLines(response, token);
            foreach (var wanted in tags.Select(tag => repository with { Tag = tag, Digest = null }))
            {
                try
                {
                    await TellAsync(lines, wanted, await images.ListAsync(token), Begin(wanted, login, token), token);
                }
                catch (RpcException failure)
                {
                    await lines.FailureAsync(PullRefusal.Of(wanted, failure, login is not null).Message);
                    return;
                }
            }
        });
    }

    private Task Begin(ImageReference wanted, RegistryLogin? login, CancellationToken cancellationToken)
    {
        var auth = login is null ? null : new AuthConfig { Username = login.User, Password = login.Password, IdentityToken = login.IdentityToken };
        return runtime.CriImages.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = wanted.Full }, Auth = auth }, cancellationToken: cancellationToken).ResponseAsync;
    }

    private async Task TellAsync(ProgressLines lines, ImageReference wanted, IReadOnlyList<EngineImage> before, Task pull, CancellationToken cancellationToken)
    {
        await lines.StatusAsync($"Pulling from {wanted.Path}", wanted.Tag ?? wanted.Digest);
        var progress = new PullProgress(runtime, lines, time);
        await progress.FollowAsync(pull, cancellationToken);
        await pull;
        var image = await images.FindAsync(wanted.Full, cancellationToken);
        await progress.EndAsync(image.Content, before.SelectMany(known => known.Content.LayerBlobs).Select(layer => layer.Digest).ToHashSet(StringComparer.Ordinal));
        await lines.StatusAsync($"Digest: {image.TargetDigest}");
        var isSame = before.Any(known => known.Id == image.Id && known.References.Contains(wanted.Full, StringComparer.Ordinal));
        await lines.StatusAsync($"Status: {(isSame ? "Image is up to date" : "Downloaded newer image")} for {ImageName.Familiar(wanted.Full)}");
        events.Add("image", "pull", ImageName.Familiar(wanted.Full), [.. image.Labels.Select(label => (label.Key, label.Value)), ("name", ImageName.Familiar(wanted.Repository))]);
    }
}
