using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Archives;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;
using Flotilla.Engine.Linux;
using Grpc.Core;

namespace Flotilla.Engine.Commits;

/// <summary><c>docker import</c>: an image of one layer from an archive of files.</summary>
internal sealed class FileSystemImport(Runtime runtime, EngineOptions options, ImageMaker maker, EventLog events, TimeProvider time)
{
    public async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var source = request.Query("fromSrc") ?? "";
        if (source != "-")
        {
            throw DockerException.BadRequest($"Flotilla does not fetch archives: download {source} and give the file to 'docker import FILE'");
        }

        var platform = request.Query("platform") ?? "";
        if (platform.Length > 0 && platform != "linux" && platform != "linux/" + ThisMachine.Architecture)
        {
            throw DockerException.BadRequest($"images of {platform} do not run on this machine, which is linux/{ThisMachine.Architecture}");
        }

        var name = NewImageName.Of(request);
        JsonObject settings = [];
        ChangeInstructions.Apply(settings, request.Context.Request.Query["changes"].OfType<string>());
        await using var lease = await Lease.OpenAsync(runtime, time, cancellationToken);
        var step = new HistoryStep(time.GetUtcNow().UtcDateTime, "", request.Query("message") is { Length: > 0 } message ? message : "Imported from " + source);
        var image = await maker.PutAsync(lease, ImageDraft.Empty().With(settings, step, await LayerAsync(lease, request.Archive, cancellationToken)), [], cancellationToken);
        await maker.NameAsync(image, name, cancellationToken);
        events.Add("image", "import", image.Id, ("name", name.Count > 0 ? ImageName.Familiar(name[0]) : image.Id));
        return DockerAnswer.Stream((response, token) => new ProgressLines(response, token).StatusAsync(image.Id));
    }

    private async Task<Layer> LayerAsync(Lease lease, Stream archive, CancellationToken cancellationToken)
    {
        try
        {
            await using var plain = await PackedArchive.OpenAsync(archive, cancellationToken);
            return await new LayerMaker(lease, options).OfArchiveAsync(plain, cancellationToken);
        }
        catch (InvalidDataException wrong)
        {
            throw DockerException.BadRequest("invalid archive: " + wrong.Message);
        }
        catch (RpcException refused) when (refused.Status.Detail.Contains("tar", StringComparison.Ordinal) || refused.Status.Detail.Contains("EOF", StringComparison.Ordinal))
        {
            throw DockerException.BadRequest("invalid archive: it is no tar, plain or packed");
        }
    }
}
