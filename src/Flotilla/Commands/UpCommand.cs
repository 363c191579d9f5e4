using System.CommandLine;
using System.Diagnostics;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Kubeconfigs;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Upgrades;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Starts the cluster of this machine, or finds it running, and returns when pods can run.</summary>
internal static class UpCommand
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    public static Command Create()
    {
        var nodes = new Option<int>("--nodes") { Description = "How many nodes it has at least; all but the first are network namespaces with a container runtime of their own." };
        var command = new Command("up", "Start a cluster on this machine, or continue the one that is there.") { nodes };
        command.Aliases.Add("start");
        var flags = ClusterFlags.Configure(command);
        var force = DatastoreFlags.AddForce(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = flags.Read(parsed);
            await PrepareEtcdAsync(settings, parsed.GetValue(force), cancellationToken);

            return await RunAsync(settings, parsed.GetValue(nodes), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, int count, CancellationToken cancellationToken)
    {
        settings = settings with { Kubeconfig = settings.Kubeconfig ?? Path.GetFullPath(KubeconfigFile.DefaultPath) };
        if (settings.Agent is not null)
        {
            throw new UserError($"{settings.DataDirectory} belongs to an agent of {settings.Agent.Server}; continue it with 'flotilla agent', or choose another directory with --data-dir.");
        }

        settings.Validate();
        Preflight.CheckPrivilege("flotilla up");
        var server = new ServerProcess(settings);
        var progress = new StartupProgress(settings.ProgressFile);
        if (server.Find() is { } running)
        {
            new PausedCluster(settings).Resume();
            AnsiConsole.MarkupLine($"Flotilla is running already (process {running}).{(ProgramFolder.IsOther(settings, running) ? " It is another build than this one, which takes over by: flotilla upgrade" : "")}");
        }
        else
        {
            progress.Clear();
            settings = await StartAsync(settings, server, cancellationToken);
        }

        var nodes = new LocalNodes(settings);
        settings = await nodes.EnsureNetworkAsync(nodes.NamesFor(count).Count > 0, cancellationToken);
        nodes = new LocalNodes(settings);
        await WaitUntilReadyAsync(settings, server, progress, nodes, count, cancellationToken);
        ShowWhatNext(settings, await JoinCommandAsync(settings, cancellationToken));
        return 0;
    }

    // What a server does with etcd at its start only: one that runs is started again, and its containers go on.
    private static async Task PrepareEtcdAsync(ClusterSettings settings, bool force, CancellationToken cancellationToken)
    {
        if (force)
        {
            ManagedEtcd.ForceNewCluster(settings);
        }

        if (force || (settings.Datastore.Etcd is not null && ClusterSettings.Load(settings.DataDirectory).Datastore.Etcd is null))
        {
            settings.Validate();
            Preflight.CheckPrivilege("flotilla up");
            Preflight.CheckEtcd();
            await new ServerProcess(settings).StopAsync(cancellationToken);
        }
    }

    private static async Task<ClusterSettings> StartAsync(ClusterSettings settings, ServerProcess server, CancellationToken cancellationToken)
    {
        if (settings.Name is null)
        {
            MachineClaim.Check(settings);
            settings.Save();
            await server.StartAsync([], new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
            return settings;
        }

        settings = await new LocalNodes(settings).EnsureNetworkAsync(true, cancellationToken);
        settings = settings with { LocalAddress = NodeNetns.AddressIn(settings.NodeSubnet!, 2) };
        settings.Save();
        var netns = new NodeNetns(settings, settings);
        await netns.EnsureAsync(cancellationToken);
        await server.StartAsync(netns.Prefix, new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
        return settings;
    }

    private static async Task StartNodesAsync(ClusterSettings settings, LocalNodes nodes, int count, long start, CancellationToken cancellationToken)
    {
        var names = nodes.NamesFor(count);
        if (names.Count == 0)
        {
            return;
        }

        using var client = ControlPlane.AdminClient(settings);
        var token = TokenCommand.TextOf(settings, await new JoinTokens(client, TimeProvider.System).EnsureAsync(cancellationToken));
        await Task.WhenAll(names.Select(nodes.Prepare).ToList().Select(async node =>
        {
            await nodes.StartAsync(node, token, cancellationToken);
            AnsiConsole.MarkupLine($"[green]✓[/] node {node.NodeName.EscapeMarkup()} is Ready [grey]{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s[/]");
        }));
    }

    private static async Task WaitUntilReadyAsync(
        ClusterSettings settings, ServerProcess server, StartupProgress progress, LocalNodes nodes, int count, CancellationToken cancellationToken)
    {
        Task? others = null;
        var shown = 0;
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var steps = progress.Read();
            foreach (var step in steps.Skip(shown))
            {
                if (StartupProgress.FailureOf(step) is { } failure)
                {
                    throw new UserError(failure);
                }

                AnsiConsole.MarkupLine($"[green]✓[/] {step.EscapeMarkup()} [grey]{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s[/]");
            }

            shown = steps.Count;
            if (steps.Any(step => step.StartsWith(StartupProgress.ApiAnswers, StringComparison.Ordinal)))
            {
                others ??= StartNodesAsync(settings, nodes, count, start, cancellationToken);
            }

            if (steps.Contains(StartupProgress.Ready, StringComparer.Ordinal))
            {
                await others!;
                return;
            }

            var elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed > TimeSpan.FromSeconds(5) && server.Find() is null)
            {
                throw new UserError($"The server ended while starting: {server.LastLogLine()} (log: {settings.LogFile})");
            }

            if (elapsed > ReadyTimeout)
            {
                throw new UserError($"The node is not Ready after {ReadyTimeout.TotalSeconds:0} s; the reason may be in {settings.LogFile}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private static async Task<string> JoinCommandAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        using var client = ControlPlane.AdminClient(settings);
        return TokenCommand.JoinCommandFor(settings, await new JoinTokens(client, TimeProvider.System).EnsureAsync(cancellationToken));
    }

    private static void ShowWhatNext(ClusterSettings settings, string joinCommand) =>
        Console.WriteLine(
            $"""

            The cluster is up. kubectl's context is '{settings.ContextName}' (in {settings.Kubeconfig}). Try:
              kubectl get nodes
              ./examples/my-app/build-image.sh my-image.tar && ./flotilla image load my-image.tar
              kubectl apply -f examples/my-app/ && kubectl rollout status deployment/my-app
              ./flotilla down
            docker drives it too, after: eval $(./flotilla docker-env)
            Another machine becomes a node of it by:
              {joinCommand}
            """);
}
