namespace Flotilla.Storage;

/// <summary>The store could not do what was asked; nothing of it happened, unless a derived exception says otherwise.</summary>
public class StorageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A revision was asked for that the store no longer keeps.</summary>
public sealed class CompactedException(Revision asked, Revision compacted)
    : StorageException($"Revision {asked} is older than the oldest kept, {compacted}.")
{
    public Revision Compacted { get; } = compacted;
}

/// <summary>Somebody else leads: what the writer wanted to do is no longer its business.</summary>
public sealed class FencedException(Fence fence)
    : StorageException($"Somebody else leads since: {fence.Key} is no longer at revision {fence.At}.");

/// <summary>There is no room for the write; it did not happen.</summary>
public sealed class OutOfSpaceException(string message, Exception? inner = null) : StorageException(message, inner);

/// <summary>The write may have happened.</summary>
public sealed class UnknownOutcomeException(string message, Exception? inner = null) : StorageException(message, inner);
