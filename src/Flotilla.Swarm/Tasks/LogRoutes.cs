using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Services;
using Flotilla.Docker;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Swarm.Tasks;

/// <summary><c>docker service logs</c> of a service or a task: what every task's node has, a frame a line. A node that is away is told of, not waited for.</summary>
internal sealed class LogRoutes(SwarmContext context, PodLogs logs)
{
    private const byte Output = 1;
    private const byte Error = 2;
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
            TailLines = long.TryParse(request.Query("tail"), NumberStyles.None, CultureInfo.InvariantCulture, out var lines) ? lines : null,
            SinceTime = Since(request.Query("since")),
        };
        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = isRaw ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
            await response.Body.FlushAsync(token);
            using var gate = new SemaphoreSlim(1);
            var readable = tasks.Where(task => task.Node is not null && task.Pod.Status?.ContainerStatuses?.FirstOrDefault()?.ContainerID is { Length: > 0 });
            var wanted = new LogWish(request.Flag("stdout"), request.Flag("stderr"), request.Flag("timestamps"), isRaw);
            var copies = readable.Select(task => new LogCopy(task, request.Flag("details") ? DetailsOf(task, known) : "", wanted, response.Body, gate));
            await Task.WhenAll(copies.Select(copy => CopyAsync(copy, options, known, token)));
        });
    }

    private static string DetailsOf(ServiceTask task, SwarmInformers known) =>
        $"com.docker.swarm.node.id={TaskView.NodeIdOf(task, known)},com.docker.swarm.service.id={task.ServiceId},com.docker.swarm.task.id={task.Id} ";

    private async Task CopyAsync(LogCopy copy, LogOptions options, SwarmInformers known, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var reading = copy.RunAsync(pipe.Reader, cancellationToken);
        try
        {
            await logs(copy.Task.Pod.Metadata.NamespaceProperty, copy.Task.Pod.Metadata.Name, options, pipe.Writer.AsStream(), cancellationToken);
        }
        catch (ApiException) when (copy.Task.IsOver && known.Nodes.Get(new ObjectKey(null, copy.Task.Node!)) is { } node && NodeView.IsReady(node))
        {
            // Its container is gone, and what it said with it.
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

    private sealed record LogWish(bool Output, bool Errors, bool Times, bool IsRaw);

    private sealed record LogCopy(ServiceTask Task, string Details, LogWish Wish, Stream Destination, SemaphoreSlim Gate)
    {
        public async Task RunAsync(PipeReader reader, CancellationToken cancellationToken)
        {
            await foreach (var line in TaskLogLines.ReadAsync(reader, cancellationToken))
            {
                if (line.IsError ? Wish.Errors : Wish.Output)
                {
                    // With times the line begins with one, and details go between.
                    var head = Encoding.ASCII.GetBytes($"{(Wish.Times ? line.Time + " " : "")}{Details}");
                    await WriteAsync(line.IsError ? Error : Output, [.. head, .. line.Text], cancellationToken);
                }
            }
        }

        public async Task WriteAsync(byte kind, byte[] text, CancellationToken cancellationToken)
        {
            var header = Wish.IsRaw ? [] : new byte[8];
            if (!Wish.IsRaw)
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
