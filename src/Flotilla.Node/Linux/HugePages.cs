using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Linux;

/// <summary>Large pages of memory that the machine keeps aside, and how Kubernetes names them.</summary>
internal static class HugePages
{
    public const string Medium = "HugePages";
    private const string Prefix = "hugepages-";
    private const string Directory = "/sys/kernel/mm/hugepages";

    /// <summary>The bytes of each size, by the resource's name; sizes of which none are kept aside, too.</summary>
    public static Dictionary<string, long> OfThisMachine(string directory = Directory)
    {
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var size in System.IO.Directory.Exists(directory) ? System.IO.Directory.EnumerateDirectories(directory) : [])
        {
            // hugepages-2048kB
            var name = Path.GetFileName(size);
            if (name.EndsWith("kB", StringComparison.Ordinal) && long.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes))
            {
                var pages = long.Parse(File.ReadAllText(Path.Combine(size, "nr_hugepages")).Trim(), CultureInfo.InvariantCulture);
                found[Prefix + Text(kilobytes << 10)] = pages * (kilobytes << 10);
            }
        }
        return found;
    }

    public static bool IsResource(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <returns>In bytes; null: the resource is something else.</returns>
    public static long? SizeOf(string resource) => IsResource(resource) ? (long)new ResourceQuantity(resource[Prefix.Length..]).ToDecimal() : null;

    /// <summary>The size of a volume's pages: the medium's own, else that of the only size which the pod's containers ask for.</summary>
    /// <exception cref="Pods.VolumeException">They ask for none of that size, or for several.</exception>
    public static long PageSizeFor(string medium, V1Pod pod)
    {
        var asked = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(container => container.Resources?.Requests?.Keys ?? []).Select(SizeOf).OfType<long>().Distinct().ToList();
        if (medium != Medium)
        {
            var wanted = SizeOf(Prefix + medium[(Medium.Length + 1)..]);
            asked.RemoveAll(size => size != wanted);
        }
        return asked.Count switch
        {
            1 => asked[0],
            0 => throw new Pods.VolumeException($"medium {medium}: hugePages storage requested, but the resource request for huge pages is missing."),
            _ => throw new Pods.VolumeException($"medium: {medium} can't be used if container requests multiple huge page sizes"),
        };
    }

    /// <summary>As the kernel's cgroup files name a size.</summary>
    public static string KernelName(long bytes) => Text(bytes).Replace("i", "B", StringComparison.Ordinal);

    private static string Text(long bytes) => Eviction.EvictionMessages.Binary(bytes);
}
