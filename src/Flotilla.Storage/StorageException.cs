namespace Flotilla.Storage;

/// <summary>The store could not do what was asked; nothing of it happened.</summary>
public class StorageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A revision was asked for that the store no longer keeps.</summary>
public sealed class CompactedException(Revision asked, Revision compacted)
    : StorageException($"Revision {asked} is older than the oldest kept, {compacted}.")
{
    public Revision Compacted { get; } = compacted;
}
