using System.Diagnostics.CodeAnalysis;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>An amount of everything a node can run out of, as integers: CPU in thousandths of a core, memory and disk in bytes.</summary>
public readonly record struct Resources(long MilliCpu, long MemoryBytes, long EphemeralStorageBytes)
{
    public static readonly Resources None;
    private static readonly Dictionary<string, long> NoneExtended = new(StringComparer.Ordinal);

    private readonly IReadOnlyDictionary<string, long>? extended;

    /// <summary>Whatever else a node offers: huge pages and devices, in whole units.</summary>
    [AllowNull]
    public IReadOnlyDictionary<string, long> Extended
    {
        get => extended ?? NoneExtended;
        init => extended = value;
    }

    public static Resources operator +(Resources a, Resources b) => a.extended is null && b.extended is null
        ? new Resources(a.MilliCpu + b.MilliCpu, a.MemoryBytes + b.MemoryBytes, a.EphemeralStorageBytes + b.EphemeralStorageBytes)
        : Combine(a, b, (x, y) => x + y);

    public static Resources operator -(Resources a, Resources b) => a.extended is null && b.extended is null
        ? new Resources(a.MilliCpu - b.MilliCpu, a.MemoryBytes - b.MemoryBytes, a.EphemeralStorageBytes - b.EphemeralStorageBytes)
        : Combine(a, b, (x, y) => x - y);

    public static Resources Max(Resources a, Resources b) => Combine(a, b, Math.Max);

    public static Resources From(IDictionary<string, ResourceQuantity>? quantities)
    {
        if (quantities is null || quantities.Count == 0)
        {
            return None;
        }

        long milliCpu = 0, memory = 0, disk = 0;
        Dictionary<string, long>? others = null;
        foreach (var (name, quantity) in quantities)
        {
            switch (name)
            {
                case "cpu": milliCpu = Ceiling(quantity.ToDecimal() * 1000); break;
                case "memory": memory = Ceiling(quantity.ToDecimal()); break;
                case "ephemeral-storage": disk = Ceiling(quantity.ToDecimal()); break;
                case "pods": break;
                default: (others ??= new(StringComparer.Ordinal))[name] = Ceiling(quantity.ToDecimal()); break;
            }
        }

        return new Resources(milliCpu, memory, disk) { Extended = others };
    }

    public long Amount(string name) => name switch
    {
        "cpu" => MilliCpu,
        "memory" => MemoryBytes,
        "ephemeral-storage" => EphemeralStorageBytes,
        _ => Extended.GetValueOrDefault(name),
    };

    /// <summary>What <paramref name="quantities"/> names instead of what was there.</summary>
    public Resources Replaced(IDictionary<string, ResourceQuantity> quantities)
    {
        var named = From(quantities);
        Dictionary<string, long>? others = extended is null && named.extended is null ? null : new(Extended, StringComparer.Ordinal);
        foreach (var (name, amount) in named.Extended)
        {
            others![name] = amount;
        }

        return new Resources(
            quantities.ContainsKey("cpu") ? named.MilliCpu : MilliCpu,
            quantities.ContainsKey("memory") ? named.MemoryBytes : MemoryBytes,
            quantities.ContainsKey("ephemeral-storage") ? named.EphemeralStorageBytes : EphemeralStorageBytes)
        { Extended = others };
    }

    /// <summary>Whether any amount of this is less than what <paramref name="before"/> had.</summary>
    public bool IsLessAnywhere(Resources before)
    {
        var now = this;
        return MilliCpu < before.MilliCpu || MemoryBytes < before.MemoryBytes || EphemeralStorageBytes < before.EphemeralStorageBytes
            || before.Extended.Any(one => now.Extended.GetValueOrDefault(one.Key) < one.Value);
    }

    private static long Ceiling(decimal value) =>
        value >= long.MaxValue ? long.MaxValue : (long)decimal.Ceiling(value);

    private static Resources Combine(Resources a, Resources b, Func<long, long, long> combine)
    {
        Dictionary<string, long>? others = null;
        if (a.extended is not null || b.extended is not null)
        {
            others = new(StringComparer.Ordinal);
            foreach (var name in a.Extended.Keys.Union(b.Extended.Keys, StringComparer.Ordinal))
            {
                others[name] = combine(a.Extended.GetValueOrDefault(name), b.Extended.GetValueOrDefault(name));
            }
        }

        return new Resources(
            combine(a.MilliCpu, b.MilliCpu),
            combine(a.MemoryBytes, b.MemoryBytes),
            combine(a.EphemeralStorageBytes, b.EphemeralStorageBytes))
        { Extended = others };
    }
}
