using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services;
using Flotilla.Docker;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Swarm.Tasks;

/// <summary><c>docker service logs</c> of a service or a task: what every task's node has, a frame a line. A node that is away is told of, not waited for.</summary>
internal sealed class LogRoutes(SwarmContext context, PodLogs logs)
{
    private const byte Output = 1;
    private const byte SystemError = 3;

    public IEnumerable<Route> All =>
    [
        new("GET", "/services/{id}/logs", async (request, token) =>
        {
            var known = await context.ManagerAsync(token);
            var service = ServiceRoutes.Find(known, request.Id);
            return Answer(request, [.. known.TasksOf(service).Select(pod => TaskView.Read(pod, known)).OrderBy(task => task.CreatedAt)], known, service);
        }),
        new("GET", "/tasks/{id}/logs", async (request, token) =>
        {
            var known = await context.ManagerAsync(token);
            var (task, service) = TaskRoutes.Find(known, request.Id);
            return Answer(request, [task], known, service);
        }),
    ];

    private DockerAnswer Answer(DockerRequest request, IReadOnlyList<ServiceTask> tasks, SwarmInformers known, SwarmService service)
    {
        if (!request.Flag("stdout") && !request.Flag("stderr"))
        {
            throw DockerException.BadRequest("Bad parameters: you must choose at least one stream");
        }

        var isRaw = service.Read.TaskTemplate.ContainerSpec?.TTY == true;
        var options = new LogOptions
        {
            Follow = request.Flag("follow"),
            Timestamps = request.Flag("timestamps"),
            TailLines = long.TryParse(request.Query("tail"), NumberStyles.None, CultureInfo.InvariantCulture, out var lines) ? lines : null,
            SinceTime = Since(request.Query("since")),
        };
        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = isRaw ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
            await response.Body.FlushAsync(token);
            using var gate = new SemaphoreSlim(1);
            var readable = tasks.Where(task => task.Node is not null && task.Pod.Status?.ContainerStatuses?.FirstOrDefault()?.ContainerID is { Length: > 0 });
            var copies = readable.Select(task => new LogCopy(task, request.Flag("details") ? DetailsOf(task, known) : "", options, isRaw, response.Body, gate));
            await Task.WhenAll(copies.Select(copy => CopyAsync(copy, token)));
        });
    }

    private static string DetailsOf(ServiceTask task, SwarmInformers known) =>
        $"com.docker.swarm.node.id={TaskView.NodeIdOf(task, known)},com.docker.swarm.service.id={task.ServiceId},com.docker.swarm.task.id={task.Id} ";

    private async Task CopyAsync(LogCopy copy, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var reading = copy.RunAsync(pipe.Reader, cancellationToken);
        try
        {
            await logs(copy.Task.Pod.Metadata.NamespaceProperty, copy.Task.Pod.Metadata.Name, copy.Options, pipe.Writer.AsStream(), cancellationToken);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            await copy.WriteAsync(SystemError, Encoding.UTF8.GetBytes($"warning: incomplete log stream. some logs could not be retrieved for the following reasons: node {copy.Task.Node} is not available\n"), cancellationToken);
        }
        finally
        {
            await pipe.Writer.CompleteAsync();
        }

        await reading;
    }

    private static DateTime? Since(string? text)
    {
        if (string.IsNullOrEmpty(text) || text == "0")
        {
            return null;
        }

        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? DateTime.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var at) ? at
            : throw DockerException.BadRequest($"invalid value for \"since\": {text}");
    }

    private sealed record LogCopy(ServiceTask Task, string Details, LogOptions Options, bool IsRaw, Stream Destination, SemaphoreSlim Gate)
    {
        public async Task RunAsync(PipeReader reader, CancellationToken cancellationToken)
        {
            using var lines = new StreamReader(reader.AsStream(), Encoding.Latin1);
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                // With times the line begins with one, and details go between.
                var at = Options.Timestamps ? line.IndexOf(' ', StringComparison.Ordinal) + 1 : 0;
                var text = Encoding.Latin1.GetBytes($"{line[..at]}{Details}{line[at..]}\n");
                await WriteAsync(Output, text, cancellationToken);
            }
        }

        public async Task WriteAsync(byte kind, byte[] text, CancellationToken cancellationToken)
        {
            var header = IsRaw ? [] : new byte[8];
            if (!IsRaw)
            {
                header[0] = kind;
                BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), text.Length);
            }

            await Gate.WaitAsync(cancellationToken);
            try
            {
                await Destination.WriteAsync((byte[])[.. header, .. text], cancellationToken);
                await Destination.FlushAsync(cancellationToken);
            }
            finally
            {
                Gate.Release();
            }
        }
    }
}
