using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Where a pod's files lie on the node.</summary>
internal static class PodDirectories
{
    public static string Of(NodeOptions options, string podUid) => Path.Combine(options.PodsDirectory, podUid);

    public static string HostsFile(NodeOptions options, V1Pod pod) => Path.Combine(Of(options, pod.Metadata.Uid), "etc-hosts");

    public static string TerminationLog(NodeOptions options, V1Pod pod, string container, uint attempt) =>
        Path.Combine(Of(options, pod.Metadata.Uid), "containers", container, FormattableString.Invariant($"{attempt}"));

    public static string Logs(NodeOptions options, V1Pod pod) =>
        Path.Combine(options.PodLogsDirectory, $"{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}_{pod.Metadata.Uid}");
}
