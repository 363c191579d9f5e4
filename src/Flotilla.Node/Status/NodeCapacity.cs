using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>What the machine can give to pods.</summary>
public sealed record NodeCapacity(int Cores, long MemoryBytes, long DiskBytes, int MaxPods)
{
    private IReadOnlyDictionary<string, decimal> Reserved { get; init; } = new Dictionary<string, decimal>(StringComparer.Ordinal);

    /// <summary>Memory that is kept aside in large pages, in bytes by the resource's name: nobody else gets it.</summary>
    public IReadOnlyDictionary<string, long> HugePages { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    // Upstream's default eviction thresholds leave this much to the machine.
    private const long ReservedMemoryBytes = 100L << 20;
    private const decimal UsableDisk = 0.9m;

    public static NodeCapacity OfThisMachine(NodeOptions options)
    {
        return new NodeCapacity(Environment.ProcessorCount, MachineMemoryBytes(), DiskOf(options.DataDirectory).TotalSize, options.MaxPods)
        {
            HugePages = Linux.HugePages.OfThisMachine(),
            Reserved = options.SystemReserved.ToDictionary(pair => pair.Key, pair => new ResourceQuantity(pair.Value).ToDecimal(), StringComparer.Ordinal),
        };
    }

    public static long MachineMemoryBytes()
    {
        var memory = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return long.Parse(memory.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    /// <summary>The file system that holds the directory, which need not exist yet.</summary>
    public static DriveInfo DiskOf(string directory)
    {
        while (!Directory.Exists(directory))
        {
            directory = Path.GetDirectoryName(directory) ?? "/";
        }
        return new DriveInfo(directory);
    }

    public Dictionary<string, ResourceQuantity> Capacity() => Quantities(Cores, MemoryBytes, $"{DiskBytes >> 10}Ki");

    public Dictionary<string, ResourceQuantity> Allocatable() =>
        Quantities(AllocatableCores, AllocatableMemoryBytes, ((long)AllocatableDisk).ToString(CultureInfo.InvariantCulture));

    /// <summary>How much of a resource all pods together can have.</summary>
    public decimal? AmountOf(string resource) => resource switch
    {
        "cpu" => AllocatableCores,
        "memory" => AllocatableMemoryBytes,
        "ephemeral-storage" => AllocatableDisk,
        _ => HugePages.TryGetValue(resource, out var bytes) ? bytes : null,
    };

    /// <summary>What the kernel lets all pods together have: eviction begins before they have it all.</summary>
    public long EnforcedMemoryBytes => (long)Math.Max(MemoryBytes - Reserved.GetValueOrDefault("memory"), 0);

    private decimal AllocatableCores => Math.Max(Cores - Reserved.GetValueOrDefault("cpu"), 0);

    private long AllocatableMemoryBytes => Math.Max(EnforcedMemoryBytes - ReservedMemoryBytes - HugePages.Values.Sum(), 0);

    private decimal AllocatableDisk => Math.Max((DiskBytes * UsableDisk) - Reserved.GetValueOrDefault("ephemeral-storage"), 0);

    private Dictionary<string, ResourceQuantity> Quantities(decimal cores, long memoryBytes, string disk)
    {
        var quantities = Basic(cores, memoryBytes, disk);
        foreach (var (resource, bytes) in HugePages)
        {
            quantities[resource] = new ResourceQuantity(bytes == 0 ? "0" : $"{bytes >> 10}Ki");
        }
        return quantities;
    }

    private Dictionary<string, ResourceQuantity> Basic(decimal cores, long memoryBytes, string disk) => new(StringComparer.Ordinal)
    {
        ["cpu"] = new(cores == decimal.Truncate(cores) ? ((long)cores).ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{(long)(cores * 1000)}m")),
        ["ephemeral-storage"] = new(disk),
        ["hugepages-1Gi"] = new("0"),
        ["hugepages-2Mi"] = new("0"),
        ["memory"] = new($"{memoryBytes >> 10}Ki"),
        ["pods"] = new(MaxPods.ToString(CultureInfo.InvariantCulture)),
    };
}
