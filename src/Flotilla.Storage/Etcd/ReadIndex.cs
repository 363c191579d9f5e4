namespace Flotilla.Storage.Etcd;

/// <summary>
/// Asks for the cluster's newest revision, once for all who wait: a question that began after somebody came may answer
/// them, one that was under way may not. Safe from any thread.
/// </summary>
internal sealed class ReadIndex(Func<Task<Revision>> ask)
{
    private readonly Lock gate = new();
    private Task<Revision>? running;
    private Task<Revision>? next;

    /// <summary>At least as new as every write acknowledged before this call.</summary>
    public Task<Revision> NewestAsync()
    {
        lock (gate)
        {
            return running is null ? running = RunAsync(null) : next ??= RunAsync(running);
        }
    }

    private async Task<Revision> RunAsync(Task? before)
    {
        await Task.Yield();
        if (before is not null)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            return await ask();
        }
        finally
        {
            lock (gate)
            {
                (running, next) = (next, null);
            }
        }
    }
}
