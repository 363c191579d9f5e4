namespace Flotilla.Server.Watching;

/// <summary>When the next bookmark is due: about once a minute, and once shortly before the watch ends.</summary>
internal sealed class BookmarkClock
{
    /// <summary>Timers keep another clock: one may ring a little before its time, and rings only once.</summary>
    private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider time;
    private readonly TimeSpan interval;
    private readonly long started;
    private readonly TimeSpan last;
    private TimeSpan due;

    /// <param name="last">How long after the beginning the last one is due; in the past: none is.</param>
    public BookmarkClock(TimeProvider time, TimeSpan interval, TimeSpan last)
    {
        (this.time, this.interval, this.last, started) = (time, interval, last, time.GetTimestamp());
        Restart();
    }

    public bool IsDue => Elapsed >= due - Early;

    /// <summary>Until <see cref="IsDue"/>.</summary>
    public TimeSpan Rest => due - Elapsed is var rest && rest > TimeSpan.FromMilliseconds(1) ? rest : TimeSpan.FromMilliseconds(1);

    private TimeSpan Elapsed => time.GetElapsedTime(started);

    public void Restart()
    {
        var (now, next) = (Elapsed, Elapsed + interval);
        due = last > now && last < next ? last : next;
    }
}
