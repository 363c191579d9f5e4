namespace Flotilla.Storage;

/// <summary>What must hold for a write to happen.</summary>
public readonly record struct Precondition
{
    private Precondition(bool mustNotExist, Revision? at)
    {
        IsMustNotExist = mustNotExist;
        At = at;
    }

    public static Precondition Any => default;

    public static Precondition MustNotExist => new(true, null);

    public static Precondition MustBeAt(Revision revision) => new(false, revision);

    public bool IsMustNotExist { get; }

    /// <summary>The revision at which the key must have been modified last.</summary>
    public Revision? At { get; }
}

/// <summary>
/// Keeps out who has been deposed without knowing: a new leader writes the key, and the writes of the old one, which name
/// the revision of before, no longer happen.
/// </summary>
public readonly record struct Fence(string Key, Revision At);

/// <param name="Value">
/// null deletes; beware that a null array converts to empty memory, which does not. The store keeps the memory
/// it is given: do not change it afterwards.
/// </param>
public sealed record WriteRequest(string Key, ReadOnlyMemory<byte>? Value, Precondition Precondition)
{
    /// <summary>Set: the write also needs that fence.</summary>
    public Fence? Fence { get; init; }

    public static WriteRequest Delete(string key, Precondition precondition) => new(key, default(ReadOnlyMemory<byte>?), precondition);
}

public enum WriteOutcome
{
    Written,

    /// <summary>The precondition does not hold; <see cref="WriteResult.Current"/> is what is there.</summary>
    Conflict,

    /// <summary>The key to be deleted, or to be at a revision, does not exist.</summary>
    NotFound,
}

/// <param name="Revision">Of this write; if nothing was written, the newest when that was decided.</param>
/// <param name="Current">On conflict: what is there.</param>
public readonly record struct WriteResult(WriteOutcome Outcome, Revision Revision, StoredEntry? Current);
