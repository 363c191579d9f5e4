using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Pods;

/// <summary>The index of pods by the node they are placed on.</summary>
internal static class PodsOnNodes
{
    private const string ByNode = "node";

    public static void AddNodeIndex(this Informer<V1Pod> pods) =>
        pods.AddIndex(ByNode, pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : [pod.Spec.NodeName]);

    public static IReadOnlyList<V1Pod> OnNode(this Informer<V1Pod> pods, string node) => pods.ByIndex(ByNode, node);
}
