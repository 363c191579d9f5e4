using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Streams;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Containers;

/// <summary><c>docker attach</c>, and what <c>docker run</c> does before it starts what it has made.</summary>
internal sealed class AttachRoutes(Runtime runtime, ContainerStore containers, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/containers/{id}/attach", (request, _) => Task.FromResult(Attach(request))),
        new("POST", "/containers/{id}/resize", ResizeAsync),
    ];

    private DockerAnswer Attach(DockerRequest request)
    {
        var container = containers.Find(request.Id);
        if (container.Record.State.Status == StateRecord.Paused)
        {
            throw new DockerException(409, $"container {container.Id} is paused, unpause the container before attach");
        }

        var record = container.Record;
        var (isOutput, isError) = (request.Flag("stdout"), request.Flag("stderr"));
        var listener = container.Output.Listen();
        var attachment = new Attachment(container.Output, listener, () => container.Streams?.Input, record.HasTerminal)
        {
            ReadyAsync = token => container.Started.Task.WaitAsync(token),
            CloseInputAsync = () => CloseInputAsync(container),
            Shows = frame => frame.Kind == Frame.Output ? isOutput : isError,
            DetachKeys = DetachKeys.Parse(request.Query("detachKeys")),
        };
        var logs = request.Flag("logs");
        var isStream = request.Flag("stream");
        return DockerAnswer.Connection(Attachment.ContentType(record.HasTerminal), async (stream, token) =>
        {
            if (logs)
            {
                await foreach (var entry in LogReader.ReadAsync(container.LogFile, new LogQuery(isOutput, isError, Follow: false, null, null, null), LogEntry.Parse, () => true, time, token))
                {
                    await stream.WriteAsync(record.HasTerminal ? entry.ToFrame(false, "").Data : entry.ToFrame(false, "").Multiplexed(), token);
                }
            }

            if (!isStream)
            {
                container.Output.Forget(listener);
                return;
            }

            events.Container(container, "attach");
            await attachment.ServeAsync(stream, request.Flag("stdin") && record.HasInput, token);
        });
    }

    private async ValueTask CloseInputAsync(Container container)
    {
        if (container.Record is { EndsWithInput: true, HasTerminal: false } && container.Streams is { } streams)
        {
            await streams.CloseInputAsync();
            await runtime.EndInputAsync(container.Id);
        }
    }

    private async Task<DockerAnswer> ResizeAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var container = containers.Find(request.Id);
        var (width, height) = (TerminalSize.Of(request, "w"), TerminalSize.Of(request, "h"));
        if (!container.Record.State.IsRunning)
        {
            throw new DockerException(409, $"container {container.Id} is not running");
        }

        await runtime.Tasks.ResizePtyAsync(new ResizePtyRequest { ContainerId = container.Id, Width = width, Height = height }, cancellationToken: cancellationToken);
        return DockerAnswer.Ok();
    }
}
