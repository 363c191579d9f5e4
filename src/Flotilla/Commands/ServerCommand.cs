using System.CommandLine;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Upgrades;
using Microsoft.Extensions.Logging;

namespace Flotilla.Commands;

/// <summary>Control plane and node in this process, in the foreground; <c>up</c> runs it detached.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log what usually goes without saying." };
        var command = new Command(ServerProcess.CommandName, "Run control plane and node in the foreground.") { verbose };
        var flags = ClusterFlags.Configure(command);
        var force = DatastoreFlags.AddForce(command);
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(flags.Read(parsed), parsed.GetValue(force), parsed.GetValue(verbose) ? LogLevel.Debug : LogLevel.Information, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, bool force, LogLevel level, CancellationToken cancellationToken)
    {
        var progress = new StartupProgress(settings.ProgressFile);
        try
        {
            settings.Validate();
            Preflight.CheckPrivilege("flotilla server");
            using var dataLock = DataLock.Take(settings);
            if (settings.Agent is not null)
            {
                throw new UserError($"{settings.DataDirectory} belongs to an agent of {settings.Agent.Server}; choose another with --data-dir, or end that with 'flotilla down --purge'.");
            }

            Preflight.Check(settings);
            MachineClaim.Take(settings);
            using var loggers = Loggers.Create(level);
            if (DataStamp.Enter(settings, TimeProvider.System) is { } backup)
            {
                loggers.CreateLogger(nameof(Upgrades)).LogOlderData(backup);
            }

            settings.Save();
            if (force)
            {
                ManagedEtcd.ForceNewCluster(settings);
            }

            progress.Clear();
            await using var datastore = await Datastore.StartAsync(settings, progress, TimeProvider.System, loggers, cancellationToken);
            await using var cluster = new AllInOne(settings, datastore, progress, TimeProvider.System, loggers);
            await cluster.RunAsync(cancellationToken);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception failure) when (Environment.IsPrivilegedProcess)
        {
            progress.Fail(failure.Message);
            throw;
        }
    }
}

internal static partial class ServerLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The data is of an older version; as it was: {Backup}")]
    public static partial void LogOlderData(this ILogger logger, string backup);
}
