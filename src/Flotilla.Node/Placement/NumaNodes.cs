using System.Globalization;
using Flotilla.Node.Cpus;

namespace Flotilla.Node.Placement;

/// <summary>One NUMA node: its processors, and its memory by resource, in bytes.</summary>
internal sealed record NumaNode(int Number, IReadOnlySet<int> Cpus, IReadOnlyDictionary<string, long> Memory);

/// <summary>The NUMA nodes of a machine.</summary>
internal sealed record NumaNodes(IReadOnlyList<NumaNode> All)
{
    public NumaMask Mask => NumaMask.Of(All.Select(node => node.Number));

    /// <param name="root">The kernel's description. A kernel that has none has one node, of which nothing is known.</param>
    public static NumaNodes Read(string root = "/sys/devices/system/node")
    {
        var online = Path.Combine(root, "online");
        return File.Exists(online)
            ? new NumaNodes([.. CpuSet.Parse(File.ReadAllText(online).Trim()).Select(number => ReadNode(number, Path.Combine(root, $"node{number}")))])
            : new NumaNodes([new NumaNode(0, new HashSet<int>(), new Dictionary<string, long>(StringComparer.Ordinal))]);
    }

    private static NumaNode ReadNode(int number, string directory)
    {
        var memory = new Dictionary<string, long>(StringComparer.Ordinal) { ["memory"] = 0 };
        foreach (var words in Lines(Path.Combine(directory, "meminfo")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words is [_, _, "MemTotal:", _, ..]))
        {
            memory["memory"] = Number(words[3]) << 10;
        }

        var pages = new DirectoryInfo(Path.Combine(directory, "hugepages"));
        foreach (var size in pages.Exists ? pages.EnumerateDirectories("hugepages-*kB") : [])
        {
            var kibibytes = Number(size.Name["hugepages-".Length..^2]);
            memory[ResourceOf(kibibytes)] = Number(File.ReadAllText(Path.Combine(size.FullName, "nr_hugepages")).Trim()) * (kibibytes << 10);
        }

        return new NumaNode(number, CpuSet.Parse(string.Concat(Lines(Path.Combine(directory, "cpulist")))), memory);
    }

    private static string ResourceOf(long kibibytes) =>
        (kibibytes % (1 << 20), kibibytes % (1 << 10)) switch
        {
            (0, _) => string.Create(CultureInfo.InvariantCulture, $"hugepages-{kibibytes >> 20}Gi"),
            (_, 0) => string.Create(CultureInfo.InvariantCulture, $"hugepages-{kibibytes >> 10}Mi"),
            _ => string.Create(CultureInfo.InvariantCulture, $"hugepages-{kibibytes}Ki"),
        };

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
