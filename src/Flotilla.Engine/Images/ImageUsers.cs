using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Images;

/// <summary>A container with a layer on top of an image.</summary>
internal sealed record ImageUser(string Id, bool IsRunning)
{
    public string ShortId => Id[..12];
}

/// <summary>Who uses which image on this machine: containers of docker, of tasks and of pods.</summary>
internal sealed class ImageUsers(ContainerStore containers, TaskContainers tasks)
{
    /// <summary>By the image's id; of one that nobody uses, none.</summary>
    public async Task<ILookup<string, ImageUser>> ListAsync(CancellationToken cancellationToken) =>
        containers.All.Select(container => (container.Record.ImageId, User: new ImageUser(container.Id, container.Record.State.IsRunning)))
            .Concat((await tasks.ListAsync(cancellationToken)).Select(task => (task.ImageId, User: new ImageUser(task.Id, task.IsRunning))))
            .ToLookup(pair => pair.ImageId, pair => pair.User, StringComparer.Ordinal);
}
