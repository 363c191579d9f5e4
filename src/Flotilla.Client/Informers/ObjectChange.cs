namespace Flotilla.Client;

/// <summary><see cref="Old"/> null: added; <see cref="New"/> null: deleted; both: modified.</summary>
public readonly record struct ObjectChange<T>(T? Old, T? New)
    where T : class
{
    /// <summary>The newest state known: of a deleted object, the last one.</summary>
    public T Latest => (New ?? Old)!;
}
