using System.Diagnostics;
using Flotilla.Local;

namespace Flotilla.Upgrades;

/// <summary>
/// One server, or one agent, hands over to another program on the same data. What it runs is not its child and goes on.
/// A program that does not get ready is ended, and the one before takes its place again.
/// </summary>
/// <param name="prefix">What starts it in its own network.</param>
/// <param name="step">Hears what has been done, with the time since the old program ended.</param>
internal sealed class Takeover(ClusterSettings settings, IReadOnlyList<string> prefix, TimeSpan patience, Action<string, TimeSpan> step)
{
    // Who comes back is given all the time it may need: there is nobody after it.
    private static readonly TimeSpan PatienceWithReturn = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly IReadOnlyDictionary<string, string> NoEnvironment = new Dictionary<string, string>();

    private readonly ServerProcess process = new(settings);
    private readonly StartupProgress progress = new(settings.ProgressFile);

    /// <param name="stopped">Runs when nobody has the data open.</param>
    /// <param name="undo">Runs when the old program is to take over again, before it does.</param>
    /// <returns>Null: the new one is ready; else why it did not get so, and the old one is.</returns>
    /// <exception cref="UserError">The old one does not get ready either.</exception>
    public async Task<string?> RunAsync(FlotillaProgram old, FlotillaProgram wanted, Func<CancellationToken, Task> stopped, Func<Task> undo, CancellationToken cancellationToken)
    {
        string? failure;
        await process.StopAsync(cancellationToken);
        var since = Stopwatch.GetTimestamp();
        try
        {
            await stopped(cancellationToken);
            failure = await StartAsync(wanted, patience, since, cancellationToken);
        }
        catch (Exception broken) when (UserError.Explains(broken) || cancellationToken.IsCancellationRequested)
        {
            failure = cancellationToken.IsCancellationRequested ? "it was cancelled" : broken.Message;
        }

        return failure is null ? null : await ReturnAsync(old, failure, undo, since);
    }

    /// <summary>Goes on where one who was killed had come to: the new program, if it runs, may get ready; else the old one returns.</summary>
    /// <returns>As of <see cref="RunAsync"/>.</returns>
    /// <exception cref="UserError">The old one does not get ready either.</exception>
    public async Task<string?> ResumeAsync(FlotillaProgram old, Func<Task> undo, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        var failure = await process.FindStartedAsync(cancellationToken) is { } number ? await WaitOrEndAsync(number, patience, since, cancellationToken) : "it does not run";
        return failure is null ? null : await ReturnAsync(old, failure, undo, since);
    }

    private async Task<string> ReturnAsync(FlotillaProgram old, string failure, Func<Task> undo, long since)
    {
        await undo();
        return await StartAsync(old, PatienceWithReturn, since, CancellationToken.None) is { } worse
            ? throw new UserError($"The new program did not get ready ({failure}), nor does the one of before, {old.File}: {worse}. The log is {settings.LogFile}.")
            : failure;
    }

    /// <returns>Null: it is ready. Else it has been ended.</returns>
    private async Task<string?> StartAsync(FlotillaProgram program, TimeSpan limit, long since, CancellationToken cancellationToken)
    {
        progress.Clear();
        return await WaitOrEndAsync(await process.StartAsync(prefix, NoEnvironment, cancellationToken, program), limit, since, cancellationToken);
    }

    private async Task<string?> WaitOrEndAsync(int number, TimeSpan limit, long since, CancellationToken cancellationToken)
    {
        string? failure = "it was cancelled";
        try
        {
            failure = await WaitAsync(number, limit, since, cancellationToken);
            return failure;
        }
        finally
        {
            if (failure is not null)
            {
                await EndAsync(number);
            }
        }
    }

    private async Task<string?> WaitAsync(int number, TimeSpan limit, long since, CancellationToken cancellationToken)
    {
        var shown = 0;
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            // First: who reported failed and has ended since.
            var lives = Directory.Exists($"/proc/{number}");
            var steps = progress.Read();
            if (steps.Select(StartupProgress.FailureOf).OfType<string>().FirstOrDefault() is { } failure)
            {
                return failure;
            }

            foreach (var done in steps.Skip(shown))
            {
                step(done, Stopwatch.GetElapsedTime(since));
            }

            shown = steps.Count;
            // A locked one waits for its owner, however long that takes.
            if (steps is [.., StartupProgress.Locked] || steps.Contains(StartupProgress.Ready, StringComparer.Ordinal))
            {
                return null;
            }

            if (!lives)
            {
                return $"it ended: {process.LastLogLine()}";
            }

            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                return $"it was not ready within {limit.TotalSeconds:0} s";
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    // By its number: it may not have come so far as to write it down.
    private async Task EndAsync(int number)
    {
        Signals.AskToStop(number);
        var asked = Stopwatch.GetTimestamp();
        while (Directory.Exists($"/proc/{number}") && Stopwatch.GetElapsedTime(asked) < ServerProcess.StopTimeout)
        {
            await Task.Delay(PollInterval, CancellationToken.None);
        }

        Signals.KillNow(number);
        File.Delete(settings.PidFile);
    }
}
