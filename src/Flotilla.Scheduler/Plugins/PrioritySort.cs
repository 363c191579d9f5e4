using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Queue;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Who is next: the higher priority, then who has waited longer.</summary>
public sealed class PrioritySort : IQueueSortPlugin
{
    public string Name => "PrioritySort";

    public int Compare(QueuedPod? x, QueuedPod? y)
    {
        if (x is null || y is null)
        {
            return Comparer<bool>.Default.Compare(x is not null, y is not null);
        }

        var byPriority = y.Pod.Priority.CompareTo(x.Pod.Priority);
        return byPriority != 0 ? byPriority : x.Sequence.CompareTo(y.Sequence);
    }
}
