namespace Flotilla.Network.Services;

/// <summary>What one object of the cluster adds to a table, as data. A <see cref="RuleLedger"/> joins many of them.</summary>
public sealed class RuleSet
{
    /// <summary>Chain name to its rules. Objects that add the same chain add the same rules.</summary>
    public Dictionary<string, IReadOnlyList<string>> Chains { get; } = new(StringComparer.Ordinal);

    /// <summary>Name of a set or map and an element of it, to the value; that is null for sets.</summary>
    public Dictionary<(string Collection, string Element), string?> Elements { get; } = [];

    /// <summary>Sets that are not always there: name to what stands between the braces of its declaration.</summary>
    public Dictionary<string, string> Sets { get; } = new(StringComparer.Ordinal);

    /// <summary>UDP endpoints by the address and port that lead to them, to end flows whose endpoint is gone.</summary>
    public HashSet<UdpTarget> UdpTargets { get; } = [];

    public void Add(string collection, string element, string? value = null) => Elements[(collection, element)] = value;
}

/// <summary>An endpoint behind a service address (or behind a port of the node, when the address is null).</summary>
public readonly record struct UdpTarget(string? Address, int Port, string EndpointAddress);
