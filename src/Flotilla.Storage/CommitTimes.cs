namespace Flotilla.Storage;

/// <summary>How long commits took, from the first byte to the disk's word that all are on it. One thread counts, any reads.</summary>
public sealed class CommitTimes
{
    // From 1 ms, each twice the one before: as etcd tells the times of its log.
    private const int Buckets = 14;
    private const double FirstSeconds = 0.001;

    private readonly Lock gate = new();
    private readonly long[] counts = new long[Buckets + 1];
    private double sum;

    /// <summary>The upper bounds of the buckets in seconds; one without bound follows.</summary>
    public static IReadOnlyList<double> BoundsSeconds { get; } = [.. Enumerable.Range(0, Buckets).Select(bucket => FirstSeconds * Math.Pow(2, bucket))];

    public void Add(TimeSpan took)
    {
        var bucket = 0;
        while (bucket < Buckets && took.TotalSeconds > BoundsSeconds[bucket])
        {
            bucket++;
        }

        lock (gate)
        {
            counts[bucket]++;
            sum += took.TotalSeconds;
        }
    }

    public (long[] Counts, double SumSeconds) Read()
    {
        lock (gate)
        {
            return ([.. counts], sum);
        }
    }
}
