using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>An amount of everything a node can run out of, as integers: CPU in thousandths of a core, memory and disk in bytes.</summary>
public readonly record struct Resources(long MilliCpu, long MemoryBytes, long EphemeralStorageBytes)
{
    private static readonly Dictionary<string, long> None = [];

    /// <summary>Whatever else a node offers: huge pages and devices, in whole units.</summary>
    public IReadOnlyDictionary<string, long> Extended { get; init; } = None;

    public static Resources operator +(Resources a, Resources b) => Combine(a, b, (x, y) => x + y);

    public static Resources operator -(Resources a, Resources b) => Combine(a, b, (x, y) => x - y);

    public static Resources Max(Resources a, Resources b) => Combine(a, b, Math.Max);

    public static Resources From(IDictionary<string, ResourceQuantity>? quantities)
    {
        if (quantities is null || quantities.Count == 0)
        {
            return new Resources(0, 0, 0);
        }

        long milliCpu = 0, memory = 0, disk = 0;
        Dictionary<string, long>? extended = null;
        foreach (var (name, quantity) in quantities)
        {
            switch (name)
            {
                case "cpu": milliCpu = Ceiling(quantity.ToDecimal() * 1000); break;
                case "memory": memory = Ceiling(quantity.ToDecimal()); break;
                case "ephemeral-storage": disk = Ceiling(quantity.ToDecimal()); break;
                case "pods": break;
                default: (extended ??= [])[name] = Ceiling(quantity.ToDecimal()); break;
            }
        }

        return new Resources(milliCpu, memory, disk) { Extended = extended ?? None };
    }

    private static long Ceiling(decimal value) =>
        value >= long.MaxValue ? long.MaxValue : (long)decimal.Ceiling(value);

    private static Resources Combine(Resources a, Resources b, Func<long, long, long> combine)
    {
        var extended = None;
        if ((a.Extended?.Count ?? 0) + (b.Extended?.Count ?? 0) > 0)
        {
            extended = [];
            foreach (var name in (a.Extended ?? None).Keys.Union((b.Extended ?? None).Keys))
            {
                extended[name] = combine((a.Extended ?? None).GetValueOrDefault(name), (b.Extended ?? None).GetValueOrDefault(name));
            }
        }

        return new Resources(
            combine(a.MilliCpu, b.MilliCpu),
            combine(a.MemoryBytes, b.MemoryBytes),
            combine(a.EphemeralStorageBytes, b.EphemeralStorageBytes))
        { Extended = extended };
    }
}
