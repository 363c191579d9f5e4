using System.Globalization;
using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Networks;

namespace Flotilla.Engine.Containers;

/// <summary><c>docker ps</c>: this engine's containers, and those of the swarm's tasks on this machine.</summary>
internal sealed class ContainerList(ContainerStore containers, TaskContainers tasks, RootFileSystem roots, ContainerView view)
{
    private static readonly string[] Known = ["ancestor", "before", "expose", "exited", "health", "id", "isolation", "is-task", "label", "name", "network", "publish", "since", "status", "volume"];
    private static readonly string[] Statuses = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

    public IEnumerable<Route> All => [new("GET", "/containers/json", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), Known);
        if (filters["status"].FirstOrDefault(status => !Statuses.Contains(status)) is { } unknown)
        {
            throw DockerException.BadRequest($"invalid filter 'status={unknown}'");
        }

        var most = int.TryParse(request.Query("limit"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit) && limit > 0 ? limit : int.MaxValue;
        var all = request.Flag("all") || most != int.MaxValue || filters.Has("status") || filters.Has("exited");
        var chosen = containers.All.Where(container => (all || container.Record.State.IsRunning || container.Record.State.Status == StateRecord.Restarting) && Shows(filters, container)).ToList();
        List<(DateTime Created, System.Text.Json.Nodes.JsonObject View)> shown = [];
        foreach (var container in chosen)
        {
            shown.Add((container.Record.Created, view.Summary(container, request.Flag("size") ? await roots.OwnBytesAsync(container.Id, cancellationToken) : null)));
        }

        shown.AddRange((await tasks.ListAsync(cancellationToken)).Where(task => task.IsTask && (all || task.IsRunning) && Shows(filters, task)).Select(task => (task.Created, view.TaskSummary(task))));
        return DockerAnswer.Json(WireJson.Array(shown.OrderByDescending(pair => pair.Created).Take(most).Select(pair => pair.View)));
    }

    private bool Shows(Filters filters, Container container)
    {
        var record = container.Record;
        return !(filters.Has("is-task") && filters["is-task"][0] is "true" or "1")
            && filters.Is("status", record.State.Status)
            && filters.Is("health", container.Health?.Status ?? "none")
            && filters.Labels("label", record.Labels)
            && filters.Begins("id", record.Id)
            && NameMatches(filters, record.Name)
            && (!filters.Has("exited") || (record.State.Status == StateRecord.Exited && filters["exited"].Contains(record.State.ExitCode.ToString(CultureInfo.InvariantCulture))))
            && (!filters.Has("ancestor") || filters["ancestor"].Any(word => record.ImageId == word || record.ImageId.StartsWith("sha256:" + word, StringComparison.Ordinal) || SameImage(word, record.Image)))
            && (!filters.Has("before") || record.Created < containers.Find(filters["before"][0]).Record.Created)
            && (!filters.Has("since") || record.Created > containers.Find(filters["since"][0]).Record.Created)
            && (!filters.Has("network") || record.Networks.Any(pair => filters["network"].Any(word => word == pair.Key || pair.Value.NetworkId.StartsWith(word, StringComparison.Ordinal))))
            && (!filters.Has("volume") || record.Mounts.Any(mount => filters["volume"].Contains(mount.Name) || filters["volume"].Contains(mount.Destination)))
            && (!filters.Has("publish") || record.State.Ports.Any(port => filters["publish"].Any(word => word.Split('/')[0] == port.HostPort.ToString(CultureInfo.InvariantCulture))))
            && (!filters.Has("expose") || PortBindings.Exposed(record).Any(port => filters["expose"].Any(word => word.Split('/')[0] == port.ContainerPort.ToString(CultureInfo.InvariantCulture))));
    }

    private static bool Shows(Filters filters, TaskContainer task) =>
        !(filters.Has("is-task") && filters["is-task"][0] is not ("true" or "1"))
        && filters.Is("status", task.IsRunning ? StateRecord.Running : StateRecord.Exited)
        && filters.Labels("label", task.Labels)
        && filters.Begins("id", task.Id)
        && NameMatches(filters, task.Name)
        && !((string[])["exited", "health", "ancestor", "before", "since", "network", "volume", "publish", "expose"]).Any(filters.Has);

    private static bool NameMatches(Filters filters, string name) => !filters.Has("name") || filters["name"].Any(pattern =>
    {
        try
        {
            var limit = TimeSpan.FromMilliseconds(100);
            return System.Text.RegularExpressions.Regex.IsMatch("/" + name, pattern, System.Text.RegularExpressions.RegexOptions.NonBacktracking, limit)
                || System.Text.RegularExpressions.Regex.IsMatch(name, pattern, System.Text.RegularExpressions.RegexOptions.NonBacktracking, limit);
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            return name.Contains(pattern, StringComparison.Ordinal);
        }
    });

    private static bool SameImage(string word, string image)
    {
        try
        {
            return ImageName.Normalize(word) == ImageName.Normalize(image);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
