using k8s.Models;

namespace Flotilla.Node.Pods;

internal static class RestartPolicy
{
    public const string Always = "Always";
    public const string OnFailure = "OnFailure";
    public const string Never = "Never";

    /// <summary>A container's own policy goes before its pod's; init containers know no Always but the sidecars' own.</summary>
    public static string Of(V1Pod pod, V1Container container)
    {
        var policy = container.RestartPolicy ?? pod.Spec.RestartPolicy ?? Always;
        return policy == Always && !container.IsSidecar() && pod.IsInit(container.Name) ? OnFailure : policy;
    }

    public static bool Restarts(V1Pod pod, V1Container container, int exitCode) => Of(pod, container) switch
    {
        Never => false,
        OnFailure => exitCode != 0,
        _ => true,
    };
}
