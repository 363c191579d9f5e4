using System.Globalization;
using Flotilla.Api.Pods;
using Flotilla.Api.Selectors;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Which pods stand behind a service, and how.</summary>
internal static class ServicePods
{
    public const string HeadlessLabel = "service.kubernetes.io/headless";
    public const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>Services without a selector have their endpoints written by somebody else.</summary>
    public static bool IsSelecting(V1Service service) =>
        service.Spec.Type != "ExternalName" && service.Spec.Selector is { Count: > 0 };

    public static bool IsHeadless(V1Service service) => service.Spec.ClusterIP == "None";

    public static bool Selects(V1Service service, V1Pod pod) =>
        IsSelecting(service) && TypedSelector.Matches(service.Spec.Selector, pod.Metadata.Labels);

    public static bool HasAddress(V1Pod pod) => !pod.IsTerminal() && !string.IsNullOrEmpty(pod.Status?.PodIP);

    public static IEnumerable<string> Families(V1Service service) =>
        service.Spec.IpFamilies is { Count: > 0 } families ? families : ["IPv4"];

    public static string? Address(V1Pod pod, string family) =>
        PodAddresses.Of(pod).FirstOrDefault(address => FamilyOf(address) == family);

    /// <summary>Where a port of the service leads on this pod; null: the pod names no such port.</summary>
    public static int? TargetPort(V1Service service, V1ServicePort port, V1Pod pod)
    {
        if (port.TargetPort?.Value is not { Length: > 0 } target)
        {
            return port.Port;
        }

        if (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number == 0 ? port.Port : number;
        }

        var containers = (pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always").Concat(pod.Spec.Containers);
        return containers
            .SelectMany(container => container.Ports ?? [])
            .FirstOrDefault(candidate => candidate.Name == target && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))
            ?.ContainerPort;
    }

    public static string? Hostname(V1Service service, V1Pod pod) =>
        !string.IsNullOrEmpty(pod.Spec.Hostname) && pod.Spec.Subdomain == service.Metadata.Name ? pod.Spec.Hostname : null;

    public static V1ObjectReference ReferenceTo(V1Pod pod) => new()
    {
        Kind = "Pod",
        NamespaceProperty = pod.Metadata.NamespaceProperty,
        Name = pod.Metadata.Name,
        Uid = pod.Metadata.Uid,
    };

    /// <summary>Whether a change of a pod can matter to any service.</summary>
    public static bool IsRelevant(V1Pod old, V1Pod now) =>
        !PodAddresses.Of(old).SequenceEqual(PodAddresses.Of(now), StringComparer.Ordinal)
        || old.IsReady() != now.IsReady()
        || old.ReadySince() != now.ReadySince()
        || old.IsDeleting() != now.IsDeleting()
        || old.IsTerminal() != now.IsTerminal()
        || old.Spec.NodeName != now.Spec.NodeName
        || !Labels.AreSame(old.Metadata.Labels, now.Metadata.Labels);

    private static string FamilyOf(string address) => address.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4";
}
