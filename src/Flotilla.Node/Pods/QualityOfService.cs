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
        if (pod.Spec.Resources is { } own && Resources.Any(name => IsSet(own.Requests, name) || IsSet(own.Limits, name)))
        {
            return IsGuaranteed(own) ? Guaranteed : Burstable;
        }
        var all = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).ToList();
        var anything = all.Any(container => Resources.Any(name => IsSet(container.Resources?.Requests, name) || IsSet(container.Resources?.Limits, name)));
        return !anything ? BestEffort : all.TrueForAll(container => IsGuaranteed(container.Resources)) ? Guaranteed : Burstable;
    }

    private static bool IsGuaranteed(V1ResourceRequirements? resources) => Resources.All(name =>
        IsSet(resources?.Limits, name)
        && (!IsSet(resources?.Requests, name) || resources!.Requests[name].ToDecimal() == resources.Limits[name].ToDecimal()));

    private static bool IsSet(IDictionary<string, ResourceQuantity>? quantities, string name) =>
        quantities is not null && quantities.TryGetValue(name, out var quantity) && quantity.ToDecimal() > 0;
}
