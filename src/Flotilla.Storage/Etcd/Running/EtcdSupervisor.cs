using Flotilla.Storage.Etcd.Members;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd.Running;

/// <summary>
/// Keeps this machine's member of etcd running, and ends it when it stops itself. What a server that was killed left
/// behind is taken over if it runs as it should, else started anew. One loop; there is never a second process for the data.
/// </summary>
/// <param name="connection">How the member is asked; its endpoints do not matter.</param>
public sealed partial class EtcdSupervisor(EtcdMemberOptions options, EtcdOptions connection, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnswerPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ILogger logger = loggers.CreateLogger<EtcdSupervisor>();
    private readonly EtcdLog log = new(options.LogFile, time, loggers.CreateLogger("etcd"));

    /// <summary>Whether the member has ended for good, since the cluster goes on without it.</summary>
    public bool WasRemoved { get; private set; }

    /// <summary>Returns when the member answers; whether the cluster has a quorum is another question.</summary>
    /// <exception cref="StorageException">It ends at once, or does not answer within a minute; the message says what it wrote last.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await log.StartAsync(cancellationToken);
        try
        {
            if (File.Exists(options.ForceFile))
            {
                await ForceAsync(cancellationToken);
            }

            await EnsureAsync(cancellationToken);
            await WaitUntilAnsweringAsync(cancellationToken);
        }
        catch
        {
            await log.StopAsync(CancellationToken.None);
            throw;
        }

        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await EtcdProcess.StopAsync(options, cancellationToken);
        await log.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        log.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromSeconds(1);
        var begun = time.GetTimestamp();
        while (true)
        {
            await Task.Delay(LookInterval, time, stoppingToken);
            if (EtcdProcess.Find(options) is not null)
            {
                continue;
            }

            var last = log.ReadLastLine() ?? "it wrote nothing";
            if (EtcdLog.SaysRemoved(last))
            {
                WasRemoved = true;
                Log.Removed(logger, options.Name);
                return;
            }

            pause = time.GetElapsedTime(begun) > LongestPause ? TimeSpan.FromSeconds(1) : TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, pause.Ticks * 2));
            Log.Ended(logger, last, pause.TotalSeconds);
            await Task.Delay(pause, time, stoppingToken);
            begun = time.GetTimestamp();
            await TryAsync(stoppingToken);
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await EnsureAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is StorageException or IOException)
        {
            Log.NotStarted(logger, failure.Message);
        }
    }

    private async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var wanted = EtcdArguments.For(options);
        if (EtcdProcess.Find(options) is { } running)
        {
            if (wanted.All(EtcdProcess.Arguments(running).Contains))
            {
                Log.Adopted(logger, running);
                return;
            }

            Log.Changed(logger, running);
            await EtcdProcess.StopAsync(options, cancellationToken);
        }

        var process = await EtcdProcess.StartAsync(options, options.HasData ? wanted : [.. wanted, .. EtcdArguments.Beginning(options)], cancellationToken);
        Log.Started(logger, process);
    }

    // Twice started: with this flag etcd forgets the others at each start, also those that join later.
    private async Task ForceAsync(CancellationToken cancellationToken)
    {
        await EtcdProcess.StopAsync(options, cancellationToken);
        Log.Forced(logger);
        await EtcdProcess.StartAsync(options, [.. EtcdArguments.For(options), "--force-new-cluster=true"], cancellationToken);
        await WaitUntilAnsweringAsync(cancellationToken);
        await EtcdProcess.StopAsync(options, cancellationToken);
        File.Delete(options.ForceFile);
    }

    private async Task WaitUntilAnsweringAsync(CancellationToken cancellationToken)
    {
        using var cluster = new EtcdCluster(connection.At([options.LocalAddress]), time, loggers.CreateLogger<EtcdCluster>());
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                await cluster.IdentifyAsync(options.LocalAddress, cancellationToken);
                return;
            }
            catch (StorageException silent)
            {
                if (EtcdProcess.Find(options) is null)
                {
                    var last = log.ReadLastLine() ?? "it wrote nothing";
                    throw EtcdLog.SaysRemoved(last) ? new RemovedMemberException(options.Name) : new StorageException($"etcd ended while starting: {last} (log: {options.LogFile})", silent);
                }

                if (time.GetElapsedTime(begun) > AnswerTimeout)
                {
                    throw new StorageException($"etcd does not answer at {options.LocalAddress} after {AnswerTimeout.TotalSeconds:0} s (log: {options.LogFile}). {silent.Message}", silent);
                }
            }

            await Task.Delay(AnswerPause, time, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Started etcd, process {Process}")]
        public static partial void Started(ILogger logger, int process);

        [LoggerMessage(Level = LogLevel.Information, Message = "Adopted etcd, process {Process}")]
        public static partial void Adopted(ILogger logger, int process);

        [LoggerMessage(Level = LogLevel.Information, Message = "etcd runs with other settings: ending process {Process} and starting it anew")]
        public static partial void Changed(ILogger logger, int process);

        [LoggerMessage(Level = LogLevel.Warning, Message = "etcd ended ({Last}); starting it again in {Seconds} s")]
        public static partial void Ended(ILogger logger, string last, double seconds);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Name} was removed from etcd: its member has ended for good")]
        public static partial void Removed(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Error, Message = "etcd does not start: {Why}")]
        public static partial void NotStarted(ILogger logger, string why);

        [LoggerMessage(Level = LogLevel.Warning, Message = "This machine's etcd leaves all other members behind, as was asked, and goes on alone")]
        public static partial void Forced(ILogger logger);
    }
}
