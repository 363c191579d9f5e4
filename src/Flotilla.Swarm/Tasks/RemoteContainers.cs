using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;

namespace Flotilla.Swarm.Tasks;

/// <summary>
/// Containers of tasks on other nodes, for managers: what this machine's engine does not know is asked of the engine of the node where the task is.
/// This machine's own containers come first.
/// </summary>
internal sealed class RemoteContainers(SwarmContext context, IMachineEngine machine, NodeEngines engines)
{
    private const int MostExecs = 4096;
    private const int LongestBody = 1 << 20;
    private const string Create = "/containers/{id}/exec";

    // Others start, stop or remove a container, which is its service's affair.
    private static readonly string[] OfContainers = [Create, "/containers/{id}/json", "/containers/{id}/logs", "/containers/{id}/top"];
    private static readonly string[] OfExecs = ["/exec/{id}/start", "/exec/{id}/resize", "/exec/{id}/json"];
    private readonly ConcurrentDictionary<string, string> execs = new(StringComparer.Ordinal);

    public IEnumerable<Route> All =>
    [
        .. machine.Routes.Where(route => OfContainers.Contains(route.Pattern)).Select(own => own with { AnswerAsync = (request, token) => ContainerAsync(own, request, token) }),
        .. machine.Routes.Where(route => OfExecs.Contains(route.Pattern)).Select(own => own with { AnswerAsync = (request, token) => ExecAsync(own, request, token) }),
    ];

    private async Task<DockerAnswer> ContainerAsync(Route own, DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await BodyAsync(request, cancellationToken);
        try
        {
            return await own.AnswerAsync(request, cancellationToken);
        }
        catch (DockerException missing) when (missing.Code == 404)
        {
            if ((await context.CurrentIfPossibleAsync(cancellationToken)) is not { Swarm: not null } known || TaskAddress.Find(TasksOf(known), request.Id) is not { } found || found.ContainerId == request.Id && found.Node == context.Options.NodeName)
            {
                throw;
            }

            if (found.Node == context.Options.NodeName)
            {
                // The engine knows no SERVICE.SLOT.
                request.Context.Request.Body.Position = 0;
                return await own.AnswerAsync(request with { Words = new Dictionary<string, string>(request.Words) { ["id"] = found.ContainerId } }, cancellationToken);
            }

            var asked = new NodeRequest(found.Node, own.Method, own.Pattern.Replace("{id}", found.ContainerId, StringComparison.Ordinal) + request.Context.Request.QueryString, body);
            return own.Pattern == Create ? await CreateAsync(asked, cancellationToken) : await engines.AnswerAsync(asked, request.Context, cancellationToken);
        }
    }

    private Task<DockerAnswer> ExecAsync(Route own, DockerRequest request, CancellationToken cancellationToken) => execs.TryGetValue(request.Id, out var node)
        ? PassAsync(own, node, request, cancellationToken)
        : own.AnswerAsync(request, cancellationToken);

    private async Task<DockerAnswer> PassAsync(Route own, string node, DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await BodyAsync(request, cancellationToken);
        return await engines.AnswerAsync(new NodeRequest(node, own.Method, own.Pattern.Replace("{id}", request.Id, StringComparison.Ordinal) + request.Context.Request.QueryString, body), request.Context, cancellationToken);
    }

    // Whoever asks about it later says its id alone.
    private async Task<DockerAnswer> CreateAsync(NodeRequest asked, CancellationToken cancellationToken)
    {
        var (code, answer) = await engines.ReadAsync(asked, cancellationToken);
        if ((answer as JsonObject).String("Id") is { Length: > 0 } id)
        {
            foreach (var old in execs.Keys.Take(execs.Count - MostExecs + 1))
            {
                execs.TryRemove(old, out _);
            }

            execs[id] = asked.Node;
        }

        return new DockerAnswer(code, answer);
    }

    private static async Task<byte[]> BodyAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        var buffer = new byte[1 << 14];
        for (int count; (count = await request.Context.Request.Body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await body.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            if (body.Length > LongestBody)
            {
                throw new DockerException(413, "the request's body is longer than a megabyte");
            }
        }

        request.Context.Request.Body = body;
        body.Position = 0;
        return body.ToArray();
    }

    private static IEnumerable<TaskAddress> TasksOf(SwarmInformers known) =>
        known.Services.List().SelectMany(service => known.TasksOf(service).Select(pod => TaskView.Read(pod, known)).Select(task => TaskAddress.Of(task, TaskView.NameOf(task, service, known)))).OfType<TaskAddress>();
}

/// <summary>A task's container and where it is.</summary>
/// <param name="Name">As its node's engine calls it: <c>SERVICE.SLOT.TASK</c>.</param>
internal sealed record TaskAddress(string TaskId, string Name, string ContainerId, string Node, bool IsAlive, DateTime Created)
{
    // Shorter words are names: db is a service, however many ids begin so.
    private const int ShortestBeginning = 12;

    /// <returns>null: it has no container yet.</returns>
    public static TaskAddress? Of(ServiceTask task, string name) =>
        task.Node is { } node && task.Pod.Status?.ContainerStatuses?.FirstOrDefault()?.ContainerID is { Length: > 0 } id
            ? new TaskAddress(task.Id, name, id[(id.LastIndexOf('/') + 1)..], node, task.IsAlive, task.CreatedAt) : null;

    /// <summary>By the container's id, its beginning or name, and by <c>SERVICE.SLOT</c> the task that runs there, else the last one. The id of a task is not its container's.</summary>
    public static TaskAddress? Find(IEnumerable<TaskAddress> tasks, string word)
    {
        var all = tasks.ToList();
        var name = word.TrimStart('/');
        return all.Find(task => task.ContainerId == name || task.Name == name)
            ?? (name.Length >= ShortestBeginning && all.Where(task => task.ContainerId.StartsWith(name, StringComparison.Ordinal)).ToList() is [var only] ? only : null)
            ?? all.Where(task => task.Name == $"{name}.{task.TaskId}").OrderByDescending(task => task.IsAlive).ThenByDescending(task => task.Created).FirstOrDefault();
    }
}
