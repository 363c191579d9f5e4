namespace Flotilla.Storage;

/// <summary>A key's present value. The bytes are shared: nobody may change them.</summary>
public readonly record struct StoredEntry(string Key, ReadOnlyMemory<byte> Value, Revision Created, Revision Modified)
{
    /// <summary>Set for entries that a store handed out.</summary>
    public EntryNotes? Notes { get; init; }
}

/// <summary>
/// What readers worked out about one version of a value, for the next reader. It is shared by all who hold that
/// version and goes when it goes; a store keeps it and never looks inside. Any thread may set it, to the same end.
/// </summary>
public sealed class EntryNotes
{
    private object? content;

    public object? Content
    {
        get => Volatile.Read(ref content);
        set => Volatile.Write(ref content, value);
    }
}

/// <summary>One page of a prefix, in the order of the keys' UTF-8 bytes, as it was at <paramref name="Revision"/>.</summary>
/// <param name="Remaining">Entries that follow this page.</param>
public sealed record StoreList(Revision Revision, IReadOnlyList<StoredEntry> Entries, long Remaining)
{
    public bool HasMore => Remaining > 0;
}

/// <summary>A committed write as watchers see it.</summary>
/// <param name="Value">null: the key was deleted.</param>
/// <param name="Created">When the key came into being (of a deleted key: the one it had).</param>
/// <param name="Previous">What the write replaced; null: nothing.</param>
public sealed record StoreEvent(
    string Key,
    ReadOnlyMemory<byte>? Value,
    Revision Revision,
    Revision Created,
    ReadOnlyMemory<byte>? Previous,
    Revision? PreviousRevision)
{
    /// <summary>Of <see cref="Value"/>.</summary>
    public EntryNotes? Notes { get; init; }

    /// <summary>Of <see cref="Previous"/>.</summary>
    public EntryNotes? PreviousNotes { get; init; }
}
