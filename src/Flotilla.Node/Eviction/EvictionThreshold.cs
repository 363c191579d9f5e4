using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Eviction;

/// <summary>What a node can run short of.</summary>
public enum EvictionSignal
{
    MemoryAvailable,
    NodeDiskAvailable,
    NodeFilesFree,
    ImageDiskAvailable,
    ImageFilesFree,
    ProcessesAvailable,
}

/// <summary>When too little of something is left.</summary>
/// <param name="Least">An amount like <c>100Mi</c>, or a part of the whole like <c>10%</c>.</param>
public sealed record EvictionThreshold(EvictionSignal Signal, string Least)
{
    /// <summary>How long less must be left before pods go, each with time to end; zero: they go at once.</summary>
    public TimeSpan Patience { get; init; }

    /// <summary>Upstream's defaults.</summary>
    public static IReadOnlyList<EvictionThreshold> Defaults { get; } =
    [
        new(EvictionSignal.MemoryAvailable, "100Mi"),
        new(EvictionSignal.NodeDiskAvailable, "10%"),
        new(EvictionSignal.NodeFilesFree, "5%"),
        new(EvictionSignal.ImageDiskAvailable, "15%"),
        new(EvictionSignal.ImageFilesFree, "5%"),
    ];

    public decimal LeastOf(decimal capacity) => Least.EndsWith('%')
        ? capacity * decimal.Parse(Least[..^1], CultureInfo.InvariantCulture) / 100
        : new ResourceQuantity(Least).ToDecimal();
}

/// <summary>How much there is of something and how much of it is left.</summary>
internal readonly record struct SignalReading(decimal Available, decimal Capacity);
