using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A pod's quality-of-service class, by the requests and limits of its containers for cpu and memory.</summary>
internal static class QualityOfService
{
    public const string Guaranteed = "Guaranteed";
    public const string Burstable = "Burstable";
    public const string BestEffort = "BestEffort";

    private static readonly string[] Resources = ["cpu", "memory"];

    public static string Of(V1Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Status?.QosClass))
        {
            return pod.Status.QosClass;
        }
        var all = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).ToList();
        var anything = all.Any(container => Resources.Any(name => IsSet(container.Resources?.Requests, name) || IsSet(container.Resources?.Limits, name)));
        return !anything ? BestEffort : all.TrueForAll(IsGuaranteed) ? Guaranteed : Burstable;
    }

    private static bool IsGuaranteed(V1Container container) => Resources.All(name =>
        IsSet(container.Resources?.Limits, name)
        && (!IsSet(container.Resources?.Requests, name)
            || container.Resources!.Requests[name].ToDecimal() == container.Resources.Limits[name].ToDecimal()));

    private static bool IsSet(IDictionary<string, ResourceQuantity>? quantities, string name) =>
        quantities is not null && quantities.TryGetValue(name, out var quantity) && quantity.ToDecimal() > 0;
}
