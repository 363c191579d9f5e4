using System.Net;
using System.Net.Sockets;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>What a Service wants of its load balancer, and what it has.</summary>
internal static class BalancedService
{
    /// <summary>Whether it is for us: others have classes of their own.</summary>
    public static bool IsOurs(V1Service service) =>
        service.Spec.Type == "LoadBalancer" && service.Spec.LoadBalancerClass is null or "" or LoadBalancing.Class;

    /// <summary>Whether only nodes with endpoints answer.</summary>
    public static bool IsLocal(V1Service service) => service.Spec.ExternalTrafficPolicy == "Local";

    public static IReadOnlyList<string> AddressesOf(V1Service service) =>
        [.. (service.Status?.LoadBalancer?.Ingress ?? []).Select(point => point.Ip).OfType<string>()];

    public static string? NodeOf(V1Service service) => Annotation(service, LoadBalancing.NodeAnnotation);

    /// <summary>As the user wrote them; empty: any will do.</summary>
    public static IReadOnlyList<string> WantedOf(V1Service service) =>
    [
        .. (Annotation(service, LoadBalancing.WantedAnnotation) ?? service.Spec.LoadBalancerIP ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
    ];

    public static IEnumerable<AddressFamily> FamiliesOf(V1Service service) =>
        (service.Spec.IpFamilies is { Count: > 0 } families ? families : ["IPv4"]).Select(family => family == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);

    public static bool Has(V1Service service, AddressFamily family) => FamiliesOf(service).Contains(family);

    public static AddressFamily? FamilyOf(string address) => IPAddress.TryParse(address, out var parsed) ? parsed.AddressFamily : null;

    public static IEnumerable<(string Protocol, int Port)> PortsOf(V1Service service) =>
        (service.Spec.Ports ?? []).Select(port => (port.Protocol ?? "TCP", port.Port));

    private static string? Annotation(V1Service service, string name) =>
        service.Metadata.Annotations is { } annotations && annotations.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
