using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Prefers nodes that already hold the pod's images, less so when few nodes do (lest they all crowd there).</summary>
public sealed class ImageLocality : IScorePlugin
{
    private const long MinBytes = 23L * 1024 * 1024;
    private const long MaxBytesPerContainer = 1000L * 1024 * 1024;

    public string Name => "ImageLocality";

    public int Weight => 1;

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        var cluster = cycle.Cluster;
        var images = Images(cycle.Pod.Pod.Spec);
        if (!images.Any(image => cluster.NodesWithImage(image) > 0))
        {
            return false;
        }

        var largest = images.Length * MaxBytesPerContainer;
        for (var i = 0; i < nodes.Length; i++)
        {
            long present = 0;
            foreach (var image in images)
            {
                if (nodes[i].Images.TryGetValue(image, out var bytes))
                {
                    present += (long)(bytes * ((double)cluster.NodesWithImage(image) / cluster.Nodes.Count));
                }
            }

            scores[i] = ScoreRange.Max * (Math.Clamp(present, MinBytes, largest) - MinBytes) / (largest - MinBytes);
        }

        return true;
    }

    private static string[] Images(V1PodSpec spec) =>
        [.. (spec.InitContainers ?? []).Concat(spec.Containers ?? []).Select(container => Tagged(container.Image ?? ""))];

    private static string Tagged(string image) =>
        image.LastIndexOf(':') > image.LastIndexOf('/') ? image : image + ":latest";
}
