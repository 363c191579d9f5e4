using System.CommandLine;
using System.Diagnostics;
using Flotilla.Commands.Nodes;
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
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    public static Command Create()
    {
        var nodes = new Option<int>("--nodes") { Description = "How many nodes it has at least; all but the first are network namespaces with a container runtime of their own." };
        var servers = new Option<int>("--servers") { Description = "How many of its nodes are servers at least, each with an etcd of its own: 3 bear the loss of one." };
        var command = new Command("up", "Start a cluster on this machine, or continue the one that is there.") { nodes, servers };
        command.Aliases.Add("start");
        var flags = ClusterFlags.Configure(command);
        var force = DatastoreFlags.AddForce(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = WithEtcd(flags.Read(parsed), parsed.GetValue(servers));
            await PrepareEtcdAsync(settings, parsed.GetValue(force), cancellationToken);
            return await RunAsync(settings, parsed.GetValue(servers), parsed.GetValue(nodes), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, int servers, int count, CancellationToken cancellationToken)
    {
        settings = settings with { Kubeconfig = settings.Kubeconfig ?? Path.GetFullPath(KubeconfigFile.DefaultPath) };
        if (settings.Agent is not null)
        {
            throw new UserError($"{settings.DataDirectory} belongs to an agent of {settings.Agent.Server}; continue it with 'flotilla agent', or choose another directory with --data-dir.");
        }

        settings.Validate();
        Preflight.CheckPrivilege("flotilla up");
        await RecoverAsync(settings, cancellationToken);
        var server = new ServerProcess(settings);
        var progress = new StartupProgress(settings.ProgressFile);
        if (server.Find() is { } running)
        {
            new PausedCluster(settings).Resume();
            AnsiConsole.MarkupLine($"Flotilla is running already (process {running}).{(ProgramFolder.IsOther(settings, running) ? " It is another build than this one, which takes over by: flotilla upgrade" : "")}");
            settings = await RunningAsync(settings, servers, count, cancellationToken);
        }
        else
        {
            progress.Clear();
            settings = await StartAsync(settings, server, servers, count, cancellationToken);
        }

        if (!await WaitUntilReadyAsync(settings, server, progress, new FurtherNodes(settings, servers, count), cancellationToken))
        {
            Console.WriteLine(LockedText);
            return 0;
        }

        ShowWhatNext(settings, await JoinCommandAsync(settings, cancellationToken));
        return 0;
    }

    // Of an upgrade that was killed: nobody else will.
    private static async Task RecoverAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        if (await new ClusterUpgrade(settings, UpgradeCommand.UsualPatience, UpgradeCommand.Show).RecoverAsync(cancellationToken) is { } recovered)
        {
            Console.WriteLine(recovered.Message);
        }
    }

    // Several servers cannot share a file.
    private static ClusterSettings WithEtcd(ClusterSettings settings, int servers) =>
        servers > 1 && !settings.Datastore.IsEtcd ? settings with { Datastore = settings.Datastore with { Etcd = new ManagedEtcdSettings() } } : settings;

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

    private static async Task<ClusterSettings> RunningAsync(ClusterSettings settings, int servers, int count, CancellationToken cancellationToken)
    {
        if (servers > 1 && settings.ApiAddress is null)
        {
            throw new UserError($"The cluster runs with one server; stop it with 'flotilla down', and start it with: flotilla up --servers {servers}");
        }

        var nodes = new LocalNodes(settings);
        return await nodes.EnsureNetworkAsync(nodes.NamesFor(count).Count > 0, cancellationToken);
    }

    private static async Task<ClusterSettings> StartAsync(ClusterSettings settings, ServerProcess server, int servers, int count, CancellationToken cancellationToken)
    {
        if (settings.Name is null)
        {
            await MachineClaim.CheckAsync(settings, cancellationToken);
        }

        var nodes = new LocalNodes(settings);
        settings = await nodes.EnsureNetworkAsync(settings.Name is not null || servers > 1 || nodes.NamesFor(count).Count > 0, cancellationToken);
        settings = await LocalNodes.PrepareServersAsync(settings, servers, cancellationToken);
        if (settings.Name is not null)
        {
            settings = settings with { LocalAddress = NodeNetns.AddressIn(settings.NodeSubnet!, 2) };
            await new NodeNetns(settings, settings).EnsureAsync(cancellationToken);
        }

        settings.Save();
        await server.StartAsync(settings.Name is null ? [] : new NodeNetns(settings, settings).Prefix, new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
        return settings;
    }

    /// <returns>False: the server is locked, and waits itself.</returns>
    private static async Task<bool> WaitUntilReadyAsync(
        ClusterSettings settings, ServerProcess server, StartupProgress progress, FurtherNodes nodes, CancellationToken cancellationToken)
    {
        var joined = nodes.StartJoinedAsync(cancellationToken);
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
                others ??= nodes.StartOthersAsync(cancellationToken);
            }

            if (steps.Contains(StartupProgress.Ready, StringComparer.Ordinal))
            {
                await Task.WhenAll(joined, others!);
                return true;
            }

            if (steps is [.., StartupProgress.Locked])
            {
                // Servers too, each to be unlocked by itself.
                await joined;
                return false;
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

    private const string LockedText =
        """

        The keys of this server are sealed (autolock): its containers go on, and its control plane starts when it is unlocked:
          eval $(./flotilla docker-env) && docker swarm unlock
        So is each other server of it (docker-env --node NAME). What else is missing then starts by: ./flotilla up
        """;

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
