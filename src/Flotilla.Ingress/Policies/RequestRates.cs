using System.Collections.Concurrent;

namespace Flotilla.Ingress.Policies;

/// <summary>How much each client has asked lately: a bucket that leaks at the allowed rate and overflows above the burst.</summary>
internal sealed class RequestRates(TimeProvider time)
{
    private const int MostClients = 100_000;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<(ClientKey Client, double PerSecond), Bucket> buckets = new();
    private readonly Lock sweeping = new();
    private long swept = time.GetTimestamp();

    public bool Take(ClientKey client, RateLimit limit)
    {
        Sweep();
        var bucket = buckets.GetOrAdd((client, limit.PerSecond), _ => new Bucket { At = time.GetTimestamp() });
        lock (bucket)
        {
            var now = time.GetTimestamp();
            var level = Math.Max(0, bucket.Level - (time.GetElapsedTime(bucket.At, now).TotalSeconds * limit.PerSecond));
            bucket.At = now;
            var fits = level <= limit.Burst;
            bucket.Level = fits ? level + 1 : level;
            return fits;
        }
    }

    /// <summary>Forgets those whose bucket has run empty; everybody when there are too many, which lets some through too soon.</summary>
    private void Sweep()
    {
        if ((time.GetElapsedTime(Volatile.Read(ref swept)) < SweepEvery && buckets.Count < MostClients) || !sweeping.TryEnter())
        {
            return;
        }

        try
        {
            Volatile.Write(ref swept, time.GetTimestamp());
            foreach (var (key, bucket) in buckets)
            {
                lock (bucket)
                {
                    if (buckets.Count >= MostClients || time.GetElapsedTime(bucket.At).TotalSeconds * key.PerSecond >= bucket.Level)
                    {
                        buckets.TryRemove(key, out _);
                    }
                }
            }
        }
        finally
        {
            sweeping.Exit();
        }
    }

    private sealed class Bucket
    {
        public double Level { get; set; }

        public long At { get; set; }
    }
}
