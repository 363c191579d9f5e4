namespace Flotilla.Storage;

/// <summary>
/// States that somebody is paging through, so that each page need not undo all writes since the first. A few at a time;
/// what they hold beyond the present state are the values written over since. Safe from any thread.
/// </summary>
internal sealed class PastStates
{
    /// <summary>Who asks for one entry wants to know how many there are, and does not come back for the rest.</summary>
    public const int NoPage = 1;

    private const int MostKept = 8;

    private readonly Lock gate = new();

    // The least recently used first.
    private readonly List<Snapshot> states = [];

    public void Keep(Snapshot snapshot)
    {
        lock (gate)
        {
            states.RemoveAll(known => known.Revision == snapshot.Revision);
            states.Add(snapshot);
            if (states.Count > MostKept)
            {
                states.RemoveAt(0);
            }
        }
    }

    /// <summary>The state at a revision, or the one soonest after it: from there the way back is shortest.</summary>
    public Snapshot Nearest(Revision at, Snapshot newest)
    {
        lock (gate)
        {
            var nearest = newest;
            foreach (var state in states)
            {
                if (state.Revision >= at && state.Revision < nearest.Revision)
                {
                    nearest = state;
                }
            }

            return nearest;
        }
    }

    public void Forget(Revision through)
    {
        lock (gate)
        {
            states.RemoveAll(state => state.Revision < through);
        }
    }
}
