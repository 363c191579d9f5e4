namespace Flotilla.Storage;

/// <summary>How a store is at present, in words for whoever runs it.</summary>
/// <param name="Serves">Whether it does all that it is there for.</param>
/// <param name="Why">What it does not do, or what it does slowly; null: all is well.</param>
public sealed record StoreHealth(bool Serves, string? Why)
{
    public static StoreHealth Good { get; } = new(true, null);
}
