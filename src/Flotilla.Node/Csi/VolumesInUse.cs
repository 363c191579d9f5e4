using Flotilla.Api.Volumes;

namespace Flotilla.Node.Csi;

/// <summary>
/// The attached volumes that pods of this node have or are about to get, as the node's status tells them: nobody detaches
/// those. A volume is mounted only when the status has told it. Any thread may ask.
/// </summary>
internal sealed class VolumesInUse(NodeOptions options)
{
    private readonly Lock gate = new();
    private IReadOnlySet<string> reported = new HashSet<string>(StringComparer.Ordinal);
    private TaskCompletionSource news = New();

    /// <summary>Called when <see cref="List"/> may have changed.</summary>
    public Action Changed { get; set; } = () => { };

    public IReadOnlyList<string> List() =>
        [.. CsiRecord.All(options)
            .Where(record => record.NodeName == options.NodeName && record.IsAttached)
            .Select(record => CsiNames.Unique(record.Driver, record.VolumeHandle))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];

    /// <summary>The status in the cluster names exactly these now.</summary>
    public void Report(IEnumerable<string> volumes)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            reported = volumes.ToHashSet(StringComparer.Ordinal);
            (waiting, news) = (news, New());
        }
        waiting.TrySetResult();
    }

    public async Task WaitUntilReportedAsync(string volume, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (reported.Contains(volume))
                {
                    return;
                }
                next = news.Task;
            }
            Changed();
            await next.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
