namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// The versions of all nodes side by side. A decision asks of hundreds of nodes whether they are still the same: nodes themselves
/// lie all over the memory, and a look at each would take longer than all else. A place that is given to another node goes on counting.
/// </summary>
public sealed class NodeVersions
{
    private readonly Stack<int> free = new();
    private long[] versions = [];
    private int count;

    public long this[int place] => versions[place];

    public int Take()
    {
        if (!free.TryPop(out var place))
        {
            place = count++;
            if (place == versions.Length)
            {
                Array.Resize(ref versions, Math.Max(1, 2 * versions.Length));
            }
        }

        versions[place]++;
        return place;
    }

    public void Release(int place) => free.Push(place);

    public void Advance(int place) => versions[place]++;
}
