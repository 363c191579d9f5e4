using Flotilla.Composition;
using Flotilla.Docker;
using Flotilla.Local;
using Flotilla.Swarm;
using Microsoft.Extensions.Logging;

namespace Flotilla.Locking;

/// <summary>
/// A server whose keys are sealed: the machine's engine works and says what is to be done, and nothing of the control plane runs, until
/// somebody brings the unlock key. Who brought it gets an answer when the control plane works.
/// </summary>
internal sealed partial class LockedServer : IAsyncDisposable
{
    private static readonly TimeSpan StartedWithin = TimeSpan.FromSeconds(20);

    private readonly ClusterSettings settings;
    private readonly Autolock autolock;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim trying = new(1, 1);
    private readonly TaskCompletionSource unlocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LocalNode node;
    private bool isTaken;

    private LockedServer(ClusterSettings settings, Autolock autolock, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        this.autolock = autolock;
        this.time = time;
        node = new LocalNode(settings, time, loggers);
        Engine = new EngineServer(settings, node.Volumes, node.LoadImagesAsync, (options, engine) => SwarmEndpoint.LockedRoutes(options, UnlockAsync, () => unlocked.Task.IsCompleted, engine, time), time, loggers);
    }

    public EngineServer Engine { get; }

    /// <summary>Returns when this server is unlocked; null: it was not locked.</summary>
    public static async Task<LockedServer?> WaitAsync(ClusterSettings settings, Autolock autolock, StartupProgress progress, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!autolock.IsLocked)
        {
            return null;
        }

        if (ManagedEtcd.FindProcess(settings) is null)
        {
            ManagedEtcd.ForgetKeys(settings);
        }

        var locked = new LockedServer(settings, autolock, time, loggers);
        try
        {
            await locked.node.StartRuntimeAsync(cancellationToken);
            await locked.Engine.StartAsync(cancellationToken);
            Log.Locked(loggers.CreateLogger<LockedServer>());
            progress.Report(StartupProgress.Locked);
            await locked.unlocked.Task.WaitAsync(cancellationToken);
            progress.Clear();
            return locked;
        }
        catch
        {
            await locked.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node and the engine are another's from now on.</summary>
    public LocalNode Take()
    {
        isTaken = true;
        return node;
    }

    /// <summary>The control plane works.</summary>
    public void Started() => started.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        if (!isTaken)
        {
            await Engine.DisposeAsync();
            await node.DisposeAsync();
        }

        trying.Dispose();
    }

    private async Task UnlockAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        await trying.WaitAsync(cancellationToken);
        try
        {
            if (unlocked.Task.IsCompleted)
            {
                throw new DockerException(409, SwarmEndpoint.NotLocked);
            }

            if (!autolock.TryOpen(key))
            {
                throw new DockerException(401, SwarmEndpoint.WrongUnlockKey);
            }
        }
        finally
        {
            trying.Release();
        }

        unlocked.SetResult();
        try
        {
            await started.Task.WaitAsync(StartedWithin, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new DockerException(503, $"This server is unlocked, but its control plane does not work yet after {StartedWithin.TotalSeconds:0} s and goes on starting: of several servers most are to be unlocked. The reason may be in {settings.LogFile}.");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The keys of this server are sealed by the swarm's unlock key (autolock): it serves nothing of the cluster until 'docker swarm unlock'; what runs goes on")]
        public static partial void Locked(ILogger logger);
    }
}
