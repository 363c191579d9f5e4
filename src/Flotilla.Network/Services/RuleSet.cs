namespace Flotilla.Network.Services;

/// <summary>
/// Everything in the table that depends on the cluster's objects, as data: two of them can be compared, and only
/// the difference applied.
/// </summary>
public sealed class RuleSet
{
    /// <summary>Chain name to its rules.</summary>
    public SortedDictionary<string, IReadOnlyList<string>> Chains { get; } = new(StringComparer.Ordinal);

    /// <summary>Set or map name to its elements; the value is null for sets.</summary>
    public SortedDictionary<string, SortedDictionary<string, string?>> Elements { get; } = new(StringComparer.Ordinal);

    /// <summary>Which clients stick to one endpoint: set name to the time a client is remembered, in seconds.</summary>
    public SortedDictionary<string, int> AffinitySets { get; } = new(StringComparer.Ordinal);

    /// <summary>UDP endpoints by the address and port that lead to them, to end flows whose endpoint is gone.</summary>
    public HashSet<UdpTarget> UdpTargets { get; } = [];

    public void Add(string collection, string element, string? value = null)
    {
        if (!Elements.TryGetValue(collection, out var elements))
        {
            Elements.Add(collection, elements = new SortedDictionary<string, string?>(StringComparer.Ordinal));
        }

        elements[element] = value;
    }
}

/// <summary>An endpoint behind a service address (or behind a port of the node, when the address is null).</summary>
public readonly record struct UdpTarget(string? Address, int Port, string EndpointAddress);
