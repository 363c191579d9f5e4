using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;

namespace Flotilla.Engine.Commits;

/// <summary><c>docker commit</c>: an image of a container's image and what it has written since.</summary>
internal sealed class CommitRoutes(Runtime runtime, EngineOptions options, ContainerStore containers, ContainerLife life, ImageCatalog images, ImageMaker maker, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All => [new("POST", "/commit", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var container = containers.Find(request.Query("container") ?? "");
        var record = container.Record;
        var name = NewImageName.Of(request);
        var settings = await GivenAsync(request, cancellationToken) is { } given ? ImageSettings.Merge(given, record.Config) : record.Config.Copy();
        ChangeInstructions.Apply(settings, request.Context.Request.Query["changes"].OfType<string>());
        var below = await images.FindAsync(record.ImageId, cancellationToken);
        await using var lease = await Lease.OpenAsync(runtime, time, cancellationToken);
        var draft = ImageDraft.On(below.Content);
        var layer = await LayerAsync(container, lease, draft.ChainId, request.Flag("pause", absent: true), cancellationToken);
        var step = new HistoryStep(time.GetUtcNow().UtcDateTime, string.Join(' ', record.Command), request.Query("comment") ?? "", request.Query("author") ?? "");
        var image = await maker.PutAsync(lease, draft.With(settings, step, layer), [], cancellationToken);
        await maker.NameAsync(image, name, cancellationToken);
        events.Container(container, "commit", [("comment", step.Comment), ("imageID", image.Id), .. name.Select(full => ("imageRef", ImageName.Familiar(full)))]);
        return DockerAnswer.Json(new JsonObject { ["Id"] = image.Id }, 201);
    }

    // The CLI sends null for no configuration of its own.
    private static async Task<JsonObject?> GivenAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        using var text = new StreamReader(request.Context.Request.Body);
        var body = await text.ReadToEndAsync(cancellationToken);
        try
        {
            return body.Length == 0 ? null : JsonNode.Parse(body) as JsonObject;
        }
        catch (System.Text.Json.JsonException wrong)
        {
            throw DockerException.BadRequest($"invalid JSON: {wrong.Message}");
        }
    }

    private async Task<Layer> LayerAsync(Container container, Lease lease, string parent, bool pauses, CancellationToken cancellationToken)
    {
        var layers = new LayerMaker(lease, options);
        if (!pauses || container.Record.State.Status != StateRecord.Running)
        {
            return await layers.OfContainerAsync(container.Id, parent, [], cancellationToken);
        }

        await life.PauseAsync(container, pause: true, cancellationToken);
        try
        {
            return await layers.OfContainerAsync(container.Id, parent, [], cancellationToken);
        }
        finally
        {
            await life.PauseAsync(container, pause: false, CancellationToken.None);
        }
    }
}
