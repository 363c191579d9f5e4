using System.Globalization;
using Flotilla.Docker;
using Flotilla.Engine.Logs;

namespace Flotilla.Engine.Containers;

/// <summary><c>docker logs</c> of containers and of tasks.</summary>
internal sealed class LogRoutes(ContainerStore containers, TaskContainers tasks, EngineOptions options, TimeProvider time)
{
    public IEnumerable<Route> All => [new("GET", "/containers/{id}/logs", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var query = Query(request);
        var withTime = request.Flag("timestamps");
        if (containers.TryFind(request.Id) is { } container)
        {
            if (LogSettings.Of(container.Record.HostConfig, options.MaxLogBytes).KeepsNothing)
            {
                throw new DockerException(501, "configured logging driver does not support reading");
            }

            var details = request.Flag("details") ? Details(container.Record) : "";
            var entries = (CancellationToken token) => LogReader.ReadAsync(container.LogFile, query, LogEntry.Parse, () => !container.Record.State.IsRunning && container.Record.State.Status != StateRecord.Restarting, time, token);
            return Answer(entries, container.Record.HasTerminal, withTime, details);
        }

        var task = await tasks.FindAsync(request.Id, cancellationToken) ?? throw new DockerException(404, $"No such container: {request.Id}");
        var status = await tasks.StatusAsync(task.Id, cancellationToken);
        var isOver = status.FinishedAt > 0;
        return Answer(token => LogReader.ReadAsync(status.LogPath, query, LogEntry.ParseRuntime, () => isOver, time, token), isRaw: false, withTime, "");
    }

    private static LogQuery Query(DockerRequest request)
    {
        var (output, error) = (request.Flag("stdout"), request.Flag("stderr"));
        if (!output && !error)
        {
            throw DockerException.BadRequest("Bad parameters: you must choose at least one stream");
        }

        return new LogQuery(
            output, error, request.Flag("follow"), int.TryParse(request.Query("tail"), NumberStyles.None, CultureInfo.InvariantCulture, out var lines) ? lines : null,
            TimeWords.Parse(request.Query("since"), "since"), TimeWords.Parse(request.Query("until"), "until"));
    }

    private static DockerAnswer Answer(Func<CancellationToken, IAsyncEnumerable<LogEntry>> entries, bool isRaw, bool withTime, string details) => DockerAnswer.Stream(async (response, token) =>
    {
        response.ContentType = Streams.Attachment.ContentType(isRaw);
        await response.Body.FlushAsync(token);
        await foreach (var entry in entries(token))
        {
            var frame = entry.ToFrame(withTime, details);
            await response.Body.WriteAsync(isRaw ? frame.Data : frame.Multiplexed(), token);
            await response.Body.FlushAsync(token);
        }
    });

    private static string Details(ContainerRecord record)
    {
        var wanted = (record.HostConfig["LogConfig"]?["Config"]?["labels"]?.ToString() ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(',', wanted.Where(record.Labels.ContainsKey).Select(name => $"{name}={record.Labels[name]}")) + " ";
    }
}
