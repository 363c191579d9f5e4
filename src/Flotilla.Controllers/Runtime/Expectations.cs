using Flotilla.Api;

namespace Flotilla.Controllers;

/// <summary>
/// What an owner has asked for and the cache does not show yet. Until it does, deciding again from the cache would
/// create or delete twice. A watch that lost an event must not stop an owner forever, so expectations run out.
/// </summary>
internal sealed class Expectations(TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, Expectation> pending = [];

    public bool AreMet(ObjectKey owner)
    {
        lock (gate)
        {
            return !pending.TryGetValue(owner, out var expectation)
                || (expectation.Creations <= 0 && expectation.Deletions.Count == 0)
                || time.GetElapsedTime(expectation.Since) > Lifetime;
        }
    }

    /// <param name="deletions">The uids of what is about to be deleted.</param>
    public void Expect(ObjectKey owner, int creations, IEnumerable<string> deletions)
    {
        lock (gate)
        {
            pending[owner] = new Expectation(time.GetTimestamp()) { Creations = creations, Deletions = [.. deletions] };
        }
    }

    /// <summary>Seen in the cache, or known never to come.</summary>
    public void CreationSeen(ObjectKey owner, int count = 1)
    {
        lock (gate)
        {
            if (pending.TryGetValue(owner, out var expectation))
            {
                expectation.Creations -= count;
            }
        }
    }

    public void DeletionSeen(ObjectKey owner, string uid)
    {
        lock (gate)
        {
            if (pending.TryGetValue(owner, out var expectation))
            {
                expectation.Deletions.Remove(uid);
            }
        }
    }

    public void Forget(ObjectKey owner)
    {
        lock (gate)
        {
            pending.Remove(owner);
        }
    }

    private sealed class Expectation(long since)
    {
        public long Since { get; } = since;

        public int Creations { get; set; }

        public HashSet<string> Deletions { get; init; } = [];
    }
}
