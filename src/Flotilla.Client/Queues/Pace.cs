using System.Collections.Concurrent;
using Flotilla.Api;

namespace Flotilla.Client;

/// <summary>
/// How long a change may wait for more like it: not at all where a look is cheap, and four times as long as the last look took
/// where there is much to look at, since one look covers all that happened before it. Any thread may ask.
/// </summary>
public sealed class Pace(TimeProvider time)
{
    private const int Factor = 4;
    private static readonly TimeSpan Cheap = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ObjectKey, TimeSpan> pauses = [];

    public TimeSpan Of(ObjectKey key) => pauses.GetValueOrDefault(key);

    /// <param name="started">A timestamp of the clock: when the look began that ends now.</param>
    public void Looked(ObjectKey key, long started)
    {
        var took = time.GetElapsedTime(started);
        if (took < Cheap)
        {
            pauses.TryRemove(key, out _);
            return;
        }

        pauses[key] = took * Factor < Longest ? took * Factor : Longest;
    }

    public void Forget(ObjectKey key) => pauses.TryRemove(key, out _);
}
