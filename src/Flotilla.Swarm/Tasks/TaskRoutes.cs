using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Control;
using Flotilla.Docker;

namespace Flotilla.Swarm.Tasks;

/// <summary>Tasks, of which users see <c>docker service ps</c>, <c>node ps</c> and <c>stack ps</c>.</summary>
internal sealed class TaskRoutes(SwarmContext context)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/tasks", ListAsync),
        new("GET", "/tasks/{id}", InspectAsync),
    ];

    public static (ServiceTask Task, SwarmService Service) Find(SwarmInformers known, string word) =>
        AllOf(known) is var all && Lookup.Find("task", word, [.. all.Select(pair => pair.Task)], task => task.Id, _ => null) is { } found
            ? all.First(pair => pair.Task == found)
            : throw DockerException.NotFound("task", word);

    private static List<(ServiceTask Task, SwarmService Service)> AllOf(SwarmInformers known) =>
        [.. known.Services.List().SelectMany(service => known.TasksOf(service).Select(pod => (TaskView.Read(pod, known), service)))];

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "id", "label", "name", "node", "service", "desired-state", "runtime", "_up-to-date");
        var known = await context.ManagerAsync(cancellationToken);
        foreach (var state in filters["desired-state"].Where(state => state is not ("running" or "shutdown" or "accepted")))
        {
            throw DockerException.BadRequest($"invalid filter 'desired-state={state}'");
        }

        var nodes = filters["node"].Select(word => NodeNameOf(known, word)).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var services = Services(known, filters).Where(service => filters.Labels("label", service.Read.Labels));
        var tasks = services.SelectMany(service => known.TasksOf(service).Select(pod => (Task: TaskView.Read(pod, known), Service: service)))
            .Where(pair => filters.Begins("id", pair.Task.Id) && filters.Begins("name", TaskView.NameOf(pair.Task, pair.Service, known))
                && (!filters.Has("node") || (pair.Task.Node is { } node && nodes.Contains(node)))
                && (!filters.Has("desired-state") || filters["desired-state"].Contains(DesiredOf(pair.Task), StringComparer.Ordinal))
                && filters.Is("runtime", "container")
                && (!filters.Has("_up-to-date") || filters["_up-to-date"].Contains(IsUpToDate(pair.Task, pair.Service) ? "true" : "false", StringComparer.Ordinal)));
        var networks = SwarmNetworks.All(known);
        return DockerAnswer.Json(WireJson.Array(tasks.Select(pair => TaskView.Of(pair.Task, pair.Service, known, networks))));
    }

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var (task, service) = Find(known, request.Id);
        return DockerAnswer.Json(TaskView.Of(task, service, known, SwarmNetworks.All(known)));
    }

    private static bool IsUpToDate(ServiceTask task, SwarmService service) => task.TemplateHash == service.Hash
        && (!ServicePlans.IsJob(service.Read.Mode) || task.Iteration == (service.Change?.Iteration ?? 0));

    // As CLIs filter: what is to run or waits to, against what is over.
    private static string DesiredOf(ServiceTask task) => task.Desired is TaskState.Running or TaskState.Ready or TaskState.Complete ? "running" : "shutdown";

    private static IEnumerable<SwarmService> Services(SwarmInformers known, Filters filters)
    {
        if (!filters.Has("service"))
        {
            return known.Services.List();
        }

        var words = filters["service"];
        return known.Services.List().Where(service => words.Any(word => SwarmInformers.IdOf(service) == word || service.Name == word || SwarmInformers.IdOf(service).StartsWith(word, StringComparison.Ordinal)));
    }

    private string? NodeNameOf(SwarmInformers known, string word) => known.Members.FirstOrDefault(node =>
        SwarmInformers.IdOf(node) == word || node.Metadata.Name == word || SwarmInformers.IdOf(node).StartsWith(word, StringComparison.Ordinal))?.Metadata.Name;
}
