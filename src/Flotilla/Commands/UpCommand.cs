using System.CommandLine;
using System.Diagnostics;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Kubeconfigs;
using Flotilla.Local;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Starts the cluster of this machine, or finds it running, and returns when pods can run.</summary>
internal static class UpCommand
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    public static Command Create()
    {
        var command = new Command("up", "Start a cluster on this machine, or continue the one that is there.");
        var flags = ClusterFlags.Configure(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(flags.Read(parsed), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, CancellationToken cancellationToken)
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
            AnsiConsole.MarkupLine($"Flotilla is running already (process {running}).");
        }
        else
        {
            MachineClaim.Check(settings);
            settings.Save();
            progress.Clear();
            await server.StartAsync(cancellationToken);
        }

        await WaitUntilReadyAsync(settings, server, progress, cancellationToken);
        ShowWhatNext(settings, await JoinCommandAsync(settings, cancellationToken));
        return 0;
    }

    private static async Task WaitUntilReadyAsync(
        ClusterSettings settings, ServerProcess server, StartupProgress progress, CancellationToken cancellationToken)
    {
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
            if (steps.Contains(StartupProgress.Ready, StringComparer.Ordinal))
            {
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
        return TokenCommand.JoinCommandFor(settings, await new JoinTokens(client, TimeProvider.System).EnsureAsync(JoinRole.Worker, cancellationToken));
    }

    private static void ShowWhatNext(ClusterSettings settings, string joinCommand) =>
        Console.WriteLine(
            $"""

            The cluster is up. kubectl's context is 'flotilla' (in {settings.Kubeconfig}). Try:
              kubectl get nodes
              ./examples/my-app/build-image.sh my-image.tar && ./flotilla image load my-image.tar
              kubectl apply -f examples/my-app/ && kubectl rollout status deployment/my-app
              ./flotilla down
            Another machine becomes a node of it by:
              {joinCommand}
            """);
}
