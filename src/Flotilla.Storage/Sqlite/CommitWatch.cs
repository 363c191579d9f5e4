using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace Flotilla.Storage;

/// <summary>
/// Whether the disk takes what is written, and how fast. The writer thread tells, any may ask; the log hears once of what
/// lasts, however many writes fail meanwhile.
/// </summary>
internal sealed partial class CommitWatch(string path, TimeProvider time, ILogger logger)
{
    /// <summary>A commit that takes longer holds up everybody: a disk needs milliseconds.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    /// <summary>One that has taken so long may never end.</summary>
    public static readonly TimeSpan Stuck = TimeSpan.FromSeconds(10);

    /// <summary>For how long a slow commit is told of.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    // Opening the database needs as much.
    private const long LeastFreeBytes = 256 * 1024;

    private readonly Lock gate = new();
    private long? begun;
    private (long At, TimeSpan Took)? slow;
    private (long Since, string Why)? failing;

    public CommitTimes Times { get; } = new();

    public StoreHealth Health
    {
        get
        {
            lock (gate)
            {
                return failing is { } failure ? new StoreHealth(false, failure.Why)
                    : begun is { } at && time.GetElapsedTime(at) is var taking && taking > Slow ? new StoreHealth(taking <= Stuck, $"the disk of {path} has not taken a write for {taking.TotalSeconds:0} s")
                    : slow is { } last && time.GetElapsedTime(last.At) < Remembered ? new StoreHealth(true, $"the disk of {path} is slow: a write took {last.Took.TotalSeconds:0.0} s")
                    : StoreHealth.Good;
            }
        }
    }

    public void Begin()
    {
        lock (gate)
        {
            begun = time.GetTimestamp();
        }
    }

    /// <summary>What was begun is on disk.</summary>
    public void Done()
    {
        lock (gate)
        {
            var took = time.GetElapsedTime(begun!.Value);
            Times.Add(took);
            if (took > Slow)
            {
                if (slow is not { } last || time.GetElapsedTime(last.At) >= Remembered)
                {
                    Log.SlowDisk(logger, path, took.TotalSeconds);
                }

                slow = (time.GetTimestamp(), took);
            }

            if (failing is { } failure)
            {
                Log.Again(logger, path, time.GetElapsedTime(failure.Since).TotalSeconds);
            }

            (begun, failing) = (null, null);
        }
    }

    /// <summary>What was begun did not happen.</summary>
    /// <returns>What those hear who wanted it.</returns>
    public StorageException Failed(Exception error)
    {
        var isFull = IsFull(error);
        var why = isFull
            ? $"the disk of {path} is full: nothing can be written until there is room again, reads go on"
            : $"nothing can be written to {path}: {error.Message}";
        lock (gate)
        {
            if (failing is null)
            {
                Log.Failing(logger, why);
            }

            (begun, failing) = (null, (failing?.Since ?? time.GetTimestamp(), why));
        }

        return isFull ? new OutOfSpaceException(why, error) : new StorageException($"The write could not be stored: {error.Message}", error);
    }

    // SQLite tells it in several ways, one for each file that could not grow.
    private bool IsFull(Exception error) =>
        error is SqliteException { SqliteErrorCode: raw.SQLITE_FULL }
        || (error is SqliteException or IOException && new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace < LeastFreeBytes);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The disk of {Path} is slow: a write took {Seconds:0.0} s, and everybody waits for it")]
        public static partial void SlowDisk(ILogger logger, string path, double seconds);

        [LoggerMessage(Level = LogLevel.Error, Message = "Writes are refused: {Why}")]
        public static partial void Failing(ILogger logger, string why);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Path} takes writes again, after {Seconds:0} s")]
        public static partial void Again(ILogger logger, string path, double seconds);
    }
}
