namespace Flotilla.Network.Services;

/// <summary>Where a service port leads: a ready address and port, and whether it is on this node.</summary>
public readonly record struct Endpoint(string Address, int Port, bool IsLocal);

/// <summary>Where this node is.</summary>
public sealed record NodePlace(string Name, string? Zone = null);
