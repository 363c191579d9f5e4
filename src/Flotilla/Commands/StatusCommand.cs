using System.CommandLine;
using System.Globalization;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Docker;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Upgrades;
using k8s.Models;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Whether the cluster runs, and how its nodes and pods are. The exit code is 0 only when every node is Ready, and every member of etcd well.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    // More than all that is asked may take together: who answers nobody is given up before.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var command = new Command("status", "Show how the cluster is.");
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => BoundedAsync(() => RunAsync(flags.ReadServer(parsed), cancellationToken), cancellationToken));
        return command;
    }

    // Who waits for a disk hears of no cancellation, and is left to himself.
    private static async Task<int> BoundedAsync(Func<Task<int>> runAsync, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(runAsync, cancellationToken).WaitAsync(Longest, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new UserError($"Nothing came within {Longest.TotalSeconds:0} s: the disk of the data directory answers neither the server nor this command. The kernel's log (dmesg) may say why.");
        }
    }

    private static async Task<int> RunAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumns("what", "how");
        var process = new ServerProcess(settings).Find();
        table.AddRow("server", process is null ? "[red]not running[/] (start it with: flotilla up)" : $"process {process}, version {DataStamp.Load(settings.DataDirectory).Program}, log {settings.LogFile.EscapeMarkup()}");
        if (new PausedCluster(settings).IsPaused)
        {
            table.AddRow("", "[red]paused[/] (go on with: flotilla unpause)");
            AnsiConsole.Write(table);
            return 1;
        }

        if (settings.Seal is { IsOn: true, IsOpen: false })
        {
            table.AddRow("", "[red]locked[/] (its keys are sealed: start it, and unlock it with 'docker swarm unlock' after: eval $(flotilla docker-env))");
            AnsiConsole.Write(table);
            return 1;
        }

        var answer = settings.Datastore.Etcd is null || await EtcdStatus.AddAsync(table, settings, cancellationToken);
        var healthy = process is not null && await AddClusterAsync(table, settings, answer, cancellationToken) && answer;
        AnsiConsole.Write(table);
        return healthy ? 0 : 1;
    }

    /// <param name="answer">Whether all members of etcd do.</param>
    private static async Task<bool> AddClusterAsync(Table table, ClusterSettings settings, bool answer, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Timeout);
        using var client = ControlPlane.AdminClient(settings);
        table.AddRow("api", ControlPlane.ServerUrl(settings));
        table.AddRow("docker", DockerServer.HostOf(settings.DockerSocket).EscapeMarkup());
        try
        {
            var serves = await AddStorageAsync(table, client, bounded.Token);
            if (!serves && settings.Datastore.IsEtcd)
            {
                // Reads would wait for it.
                if (answer && settings.Datastore.Etcd is not null)
                {
                    table.AddRow("", "[red]All members of etcd answer, and none of them can commit: the disk hangs under most of them, or under the leader's.[/]");
                }

                return false;
            }

            var nodes = await client.ListAsync<V1Node>(ListScope.All, bounded.Token);
            foreach (var node in nodes.Items)
            {
                table.AddRow($"node {node.Metadata.Name}".EscapeMarkup(), IsReady(node) ? "[green]Ready[/]" : "[red]not Ready[/]");
            }

            var pods = await client.ListAsync<V1Pod>(ListScope.All, bounded.Token);
            table.AddRow("pods", Count(pods.Items));
            return serves && nodes.Items.Count > 0 && nodes.Items.All(IsReady);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            table.AddRow("", $"[red]does not answer[/]: {(failure is OperationCanceledException ? $"nothing came within {Timeout.TotalSeconds:0} s" : failure.Message.EscapeMarkup())}");
            return false;
        }
    }

    /// <summary>Says something only when there is something to say; it needs no answer of the store itself.</summary>
    private static async Task<bool> AddStorageAsync(Table table, HttpObjectClient client, CancellationToken cancellationToken)
    {
        const string ready = "[+]etcd ok";
        const string failed = "[-]etcd failed: ";
        string health;
        try
        {
            health = Encoding.UTF8.GetString(await client.SendAsync(HttpMethod.Get, "/readyz?verbose", null, default, cancellationToken));
        }
        catch (ApiException unready)
        {
            health = unready.Message;
        }

        foreach (var line in health.Split('\n'))
        {
            if (line.StartsWith(failed, StringComparison.Ordinal))
            {
                table.AddRow("store", $"[red]{line[failed.Length..].EscapeMarkup()}[/]");
                return false;
            }

            if (line.StartsWith(ready, StringComparison.Ordinal) && line.Length > ready.Length)
            {
                table.AddRow("store", $"[yellow]{line[(ready.Length + 2)..].EscapeMarkup()}[/]");
            }
        }

        return true;
    }

    private static bool IsReady(V1Node node) =>
        node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    private static string Count(IReadOnlyList<V1Pod> pods)
    {
        var phases = pods.CountBy(pod => pod.Status?.Phase ?? "Unknown").OrderBy(phase => phase.Key, StringComparer.Ordinal);
        return pods.Count == 0
            ? "none"
            : string.Join(", ", phases.Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Value} {phase.Key}")));
    }
}
