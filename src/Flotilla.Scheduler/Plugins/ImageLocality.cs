using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Prefers nodes that already hold the pod's images, less so when few nodes do (lest they all crowd there).</summary>
public sealed class ImageLocality : IScorePlugin
{
    private const double MinBytes = 23.0 * 1024 * 1024;
    private const double MaxBytesPerContainer = 1000.0 * 1024 * 1024;

    public string Name => "ImageLocality";

    public int Weight => 1;

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        var images = Images(pod.Pod.Spec);
        var largest = images.Length * MaxBytesPerContainer;
        var any = false;
        for (var i = 0; i < nodes.Length; i++)
        {
            double present = 0;
            foreach (var image in images)
            {
                if (nodes[i].Images.TryGetValue(image, out var bytes))
                {
                    present += bytes * ((double)cluster.NodesWithImage(image) / cluster.Nodes.Count);
                }
            }

            scores[i] = (Math.Clamp(present, MinBytes, largest) - MinBytes) / (largest - MinBytes) * ScoreRange.Max;
            any |= scores[i] > 0;
        }

        return any;
    }

    private static string[] Images(V1PodSpec spec) =>
        [.. (spec.InitContainers ?? []).Concat(spec.Containers ?? []).Select(container => Tagged(container.Image ?? ""))];

    private static string Tagged(string image) =>
        image.LastIndexOf(':') > image.LastIndexOf('/') ? image : image + ":latest";
}
