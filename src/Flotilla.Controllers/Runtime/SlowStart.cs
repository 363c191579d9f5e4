namespace Flotilla.Controllers;

/// <summary>
/// Runs an action many times in parallel batches that double while all succeed: a quota or a bad template
/// costs one failed request rather than hundreds.
/// </summary>
internal static class SlowStart
{
    /// <returns>How often it succeeded, and the first failure.</returns>
    public static async Task<(int Succeeded, Exception? Failure)> RunAsync(int count, Func<Task> action)
    {
        var succeeded = 0;
        for (var batch = 1; succeeded < count; batch *= 2)
        {
            var failures = await Task.WhenAll(Enumerable.Range(0, Math.Min(batch, count - succeeded)).Select(_ => TryAsync(action)));
            succeeded += failures.Count(failure => failure is null);
            if (failures.FirstOrDefault(failure => failure is not null) is { } first)
            {
                return (succeeded, first);
            }
        }

        return (succeeded, null);
    }

    public static async Task<Exception?> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }
}
