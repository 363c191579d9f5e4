using System.CommandLine;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Locking;
using Flotilla.Upgrades;
using Microsoft.Extensions.Logging;

namespace Flotilla.Commands;

/// <summary>Control plane and node in this process, in the foreground; <c>up</c> runs it detached.</summary>
internal static class ServerCommand
{
    private static readonly Option<string?> Join = new("--join") { Description = "A server of the cluster that this machine is to be a server of, like https://10.0.0.1:6443; needed once." };
    private static readonly Option<string?> Token = new("--token") { Description = "The token that 'flotilla token create --manager' printed ($FLOTILLA_TOKEN); needed to join." };

    public static Command Create()
    {
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log what usually goes without saying." };
        var command = new Command(ServerProcess.CommandName, "Run control plane and node in the foreground.") { Join, Token, verbose };
        var flags = ClusterFlags.Configure(command);
        var force = DatastoreFlags.AddForce(command);
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(Read(flags, parsed), parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable(AgentSettings.TokenVariable), parsed.GetValue(force), parsed.GetValue(verbose) ? LogLevel.Debug : LogLevel.Information, cancellationToken));
        return command;
    }

    private static ClusterSettings Read(ClusterFlags flags, ParseResult parsed)
    {
        var known = flags.Read(parsed);
        if (parsed.GetValue(Join) is not { } join || known.Join is { IsDone: true })
        {
            return known;
        }

        return known is { Exists: true, Agent: null, Join: null }
            ? throw new UserError($"{known.DataDirectory} belongs to a server that began a cluster of its own; choose another with --data-dir, or end that with 'flotilla down --purge'.")
            : flags.ReadJoining(parsed, known) with { Join = new JoinSettings { Server = ServerUrl.Parse("--join", join) } };
    }

    /// <summary>As a server of the cluster that it is to be one of.</summary>
    private static async Task<ClusterSettings> JoinAsync(ClusterSettings settings, string? token, StartupProgress progress, CancellationToken cancellationToken)
    {
        if (settings.Join is not { IsDone: false } join)
        {
            return settings;
        }

        var parsed = token is null ? throw new UserError($"To join {join.Server} this machine needs --token; make one with 'flotilla token create --manager' on a server.") : JoinToken.Parse(token);
        var joined = await new ServerJoin(settings, parsed ?? throw new UserError(TokenCommand.NoToken), TimeProvider.System).RunAsync(cancellationToken);
        progress.Report("this machine is a server of the cluster");
        return joined;
    }

    private static async Task RunAsync(AllInOne cluster, LeftBehind behind, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] both = [cluster.RunAsync(ending.Token), behind.WatchAsync(cluster.Others, ending.Token)];
        await Task.WhenAny(both);
        await ending.CancelAsync();
        await Task.WhenAll(both);
    }

    private static async Task<int> RunAsync(ClusterSettings settings, string? token, bool force, LogLevel level, CancellationToken cancellationToken)
    {
        var progress = new StartupProgress(settings.ProgressFile);
        try
        {
            settings.Validate();
            Preflight.CheckPrivilege("flotilla server");
            using var dataLock = DataLock.Take(settings);
            if (settings is { Agent: not null, Join: null })
            {
                throw new UserError($"{settings.DataDirectory} belongs to an agent of {settings.Agent.Server}; choose another with --data-dir, or end that with 'flotilla down --purge'.");
            }

            Preflight.Check(settings);
            await MachineClaim.TakeAsync(settings, cancellationToken);
            using var loggers = Loggers.Create(level);
            if (DataStamp.Enter(settings, TimeProvider.System) is { } backup)
            {
                loggers.CreateLogger(nameof(Upgrades)).LogOlderData(backup);
            }

            if (settings.Join is not { IsDone: false })
            {
                settings.Save();
            }

            if (force)
            {
                ManagedEtcd.ForceNewCluster(settings);
            }

            progress.Clear();
            settings = await JoinAsync(settings, token, progress, cancellationToken);
            using var autolock = new Autolock(settings);
            await using var locked = await LockedServer.WaitAsync(settings, autolock, progress, TimeProvider.System, loggers, cancellationToken);
            var behind = new LeftBehind(settings, TimeProvider.System);
            await behind.CheckAsync(cancellationToken);
            await using var datastore = await Datastore.StartAsync(settings, progress, TimeProvider.System, loggers, cancellationToken);
            await using var cluster = new AllInOne(settings, datastore, autolock, locked, progress, TimeProvider.System, loggers);
            await RunAsync(cluster, behind, cancellationToken);
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
