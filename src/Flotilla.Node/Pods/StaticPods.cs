using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Pods that come from files of the node, and the mirrors by which the cluster sees them. Told by their annotations.</summary>
internal static class StaticPods
{
    public const string Source = "kubernetes.io/config.source";
    public const string Hash = "kubernetes.io/config.hash";
    public const string Seen = "kubernetes.io/config.seen";
    public const string Mirror = "kubernetes.io/config.mirror";

    public static bool IsStatic(V1Pod pod) => Annotation(pod, Source) == "file" && Annotation(pod, Mirror) is null;

    public static bool IsMirror(V1Pod pod) => Annotation(pod, Mirror) is not null;

    /// <summary>Under which uid the pod's containers run: a mirror's are those of the pod it shows.</summary>
    public static string RuntimeUid(V1Pod pod) => Annotation(pod, Mirror) ?? pod.Metadata.Uid;

    private static string? Annotation(V1Pod pod, string name) => pod.Metadata.Annotations?.TryGetValue(name, out var value) == true ? value : null;
}
