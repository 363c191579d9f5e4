using System.Globalization;
using System.Text;
using k8s.Models;

namespace Flotilla.Node.Eviction;

/// <summary>Upstream's words for why a pod had to go.</summary>
internal static class EvictionMessages
{
    public static string ResourceOf(EvictionSignal signal) => signal switch
    {
        EvictionSignal.MemoryAvailable => "memory",
        EvictionSignal.NodeFilesFree or EvictionSignal.ImageFilesFree => "inodes",
        EvictionSignal.ProcessesAvailable => "pids",
        _ => "ephemeral-storage",
    };

    public static string For(Shortage shortage, EvictionCandidate pod)
    {
        var resource = ResourceOf(shortage.Threshold.Signal);
        var text = new StringBuilder($"The node was low on resource: {resource}. ");
        text.Append(CultureInfo.InvariantCulture, $"Threshold quantity: {Quantity(shortage.Threshold, shortage.Reading)}, available: {Amount(resource, shortage.Reading.Available)}. ");
        foreach (var container in pod.Pod.Spec.Containers)
        {
            var used = resource switch
            {
                "memory" => pod.ContainerMemory.GetValueOrDefault(container.Name),
                "ephemeral-storage" => pod.ContainerDisk.GetValueOrDefault(container.Name).Bytes,
                _ => 0,
            };
            var request = Pods.PodLimits.Quantity(container.Resources?.Requests, resource) ?? 0;
            if (used > request)
            {
                text.Append(CultureInfo.InvariantCulture, $"Container {container.Name} was using {Amount(resource, used)}, request is {Given(container, resource)}, has larger consumption of {resource}. ");
            }
        }
        return text.ToString();
    }

    public static string EmptyDirectory(string volume, ResourceQuantity limit) => $"Usage of EmptyDir volume \"{volume}\" exceeds the limit \"{limit}\". ";

    public static string PodStorage(string limit) => $"Pod ephemeral local storage usage exceeds the total limit of containers {limit}. ";

    public static string ContainerStorage(string container, ResourceQuantity limit) => $"Container {container} exceeded its local ephemeral storage limit \"{limit}\". ";

    public static string Condition(IEnumerable<string> conditions) => $"The node had condition: [{string.Join(' ', conditions)}]. ";

    /// <summary>Bytes as quantities are written: in the largest power of 1024 that divides them.</summary>
    internal static string Binary(long bytes)
    {
        var suffixes = new[] { "", "Ki", "Mi", "Gi", "Ti" };
        var power = 0;
        while (bytes != 0 && bytes % 1024 == 0 && power < suffixes.Length - 1)
        {
            bytes /= 1024;
            power++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{bytes}{suffixes[power]}");
    }

    private static string Given(V1Container container, string resource) =>
        container.Resources?.Requests?.TryGetValue(resource, out var quantity) == true ? quantity.ToString() : "0";

    private static string Quantity(EvictionThreshold threshold, SignalReading reading) =>
        threshold.Least.EndsWith('%') ? Amount(ResourceOf(threshold.Signal), threshold.LeastOf(reading.Capacity)) : threshold.Least;

    private static string Amount(string resource, decimal amount) =>
        resource is "memory" or "ephemeral-storage" ? Binary((long)amount) : ((long)amount).ToString(CultureInfo.InvariantCulture);
}
