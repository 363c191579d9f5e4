using k8s.Models;

namespace Flotilla.Api.Pods;

/// <summary>A pod's addresses as its object tells them: none, one, or one of each family.</summary>
public static class PodAddresses
{
    public static IReadOnlyList<string> Of(V1Pod pod) =>
        [.. (pod.Status?.PodIPs?.Select(one => one.Ip) ?? [pod.Status?.PodIP]).OfType<string>().Where(text => text.Length > 0)];
}
