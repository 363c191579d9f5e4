using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Where a pod's files lie on the node.</summary>
internal static class PodDirectories
{
    public static string Of(NodeOptions options, string podUid) => Path.Combine(options.PodsDirectory, podUid);

    /// <summary>In a runtime that somebody else runs there may be others' pods: those without a directory here are left alone.</summary>
    public static bool IsOurs(NodeOptions options, string podUid) =>
        options.ContainerRuntimeEndpoint is null || Directory.Exists(Of(options, podUid));

    /// <summary>What is gone when the pod's volumes are unmounted.</summary>
    public static IEnumerable<string> Volumes(NodeOptions options, string podUid) =>
        ((string[])["volumes", "volume-subpaths"]).Select(name => Path.Combine(Of(options, podUid), name));

    public static string HostsFile(NodeOptions options, V1Pod pod) => Path.Combine(Of(options, pod.Metadata.Uid), "etc-hosts");

    public static string TerminationLog(NodeOptions options, V1Pod pod, string container, uint attempt) =>
        Path.Combine(Of(options, pod.Metadata.Uid), "containers", container, FormattableString.Invariant($"{attempt}"));

    public static string Logs(NodeOptions options, V1Pod pod) =>
        Path.Combine(options.PodLogsDirectory, $"{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}_{pod.Metadata.Uid}");
}
