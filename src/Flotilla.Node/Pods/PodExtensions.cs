using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Node.Pods;

internal static class PodExtensions
{
    public static ObjectKey Key(this V1Pod pod) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name);

    public static bool IsSidecar(this V1Container container) => container.RestartPolicy == "Always";

    public static bool IsTerminal(this V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    public static bool IsDeleting(this V1Pod pod) => pod.Metadata.DeletionTimestamp is not null;

    public static TimeSpan GracePeriod(this V1Pod pod) =>
        TimeSpan.FromSeconds(pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30);

    public static bool IsHostNetwork(this V1Pod pod) => pod.Spec.HostNetwork == true;

    /// <summary>The container of that name, of whichever kind.</summary>
    public static V1Container? FindContainer(this V1Pod pod, string name) =>
        pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Concat(pod.EphemeralContainers()).FirstOrDefault(container => container.Name == name);

    /// <summary>What was added to look into the running pod: containers of the common form that are never restarted.</summary>
    public static IEnumerable<V1Container> EphemeralContainers(this V1Pod pod) =>
        (pod.Spec.EphemeralContainers ?? []).Select(added => ObjectJson.Decode<V1Container>(ObjectJson.Encode(added)) with { RestartPolicy = RestartPolicy.Never });

    /// <summary>The container whose processes an ephemeral container is to see.</summary>
    public static string? TargetOf(this V1Pod pod, string ephemeral) =>
        pod.Spec.EphemeralContainers?.FirstOrDefault(added => added.Name == ephemeral)?.TargetContainerName is { Length: > 0 } target ? target : null;

    public static bool IsEphemeral(this V1Pod pod, string name) => (pod.Spec.EphemeralContainers ?? []).Any(container => container.Name == name);

    public static bool IsInit(this V1Pod pod, string name) => (pod.Spec.InitContainers ?? []).Any(container => container.Name == name);

    /// <summary>How events name a container: <c>spec.containers{c}</c>.</summary>
    public static string FieldPath(this V1Pod pod, string container) =>
        pod.IsInit(container) ? $"spec.initContainers{{{container}}}"
        : pod.IsEphemeral(container) ? $"spec.ephemeralContainers{{{container}}}"
        : $"spec.containers{{{container}}}";
}
