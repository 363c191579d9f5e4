namespace Flotilla.Storage;

/// <summary>Asks now and then to forget what is older than the history to keep.</summary>
internal sealed class CompactionSchedule : IDisposable
{
    private readonly StorageOptions options;
    private readonly TimeProvider time;
    private readonly Func<Revision> current;
    private readonly Func<Revision, Task> compact;
    private readonly Queue<(long At, Revision Revision)> samples = new();
    private readonly ITimer timer;

    public CompactionSchedule(StorageOptions options, TimeProvider time, Func<Revision> current, Func<Revision, Task> compact)
    {
        this.options = options;
        this.time = time;
        this.current = current;
        this.compact = compact;
        timer = time.CreateTimer(_ => Tick(), null, options.CompactEvery, options.CompactEvery);
    }

    public void Dispose() => timer.Dispose();

    private void Tick()
    {
        Revision? old = null;
        lock (samples)
        {
            samples.Enqueue((time.GetTimestamp(), current()));
            while (samples.TryPeek(out var sample) && time.GetElapsedTime(sample.At) >= options.KeepHistory)
            {
                old = samples.Dequeue().Revision;
            }
        }

        if (old is { } through)
        {
            // A failure is not lost: the next tick asks for more than this one.
            _ = compact(through);
        }
    }
}
