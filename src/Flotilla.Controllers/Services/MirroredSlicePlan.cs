using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Slices that say what somebody wrote into an Endpoints object by hand. Pure.</summary>
internal static class MirroredSlicePlan
{
    public const string Manager = "endpointslicemirroring-controller.k8s.io";
    private const string SkipMirror = "endpointslice.kubernetes.io/skip-mirror";
    private const string LeaderElection = "control-plane.alpha.kubernetes.io/leader";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    private const int MaximumAddresses = 1000;

    public static bool IsMirrored(V1Endpoints endpoints) =>
        (endpoints.Metadata.Labels?.TryGetValue(SkipMirror, out var skip) != true || skip != "true")
        && endpoints.Metadata.Annotations?.ContainsKey(LeaderElection) != true;

    public static bool IsMirrored(V1Service service) => service.Spec.Selector is not { Count: > 0 } && service.Spec.Type != "ExternalName";

    /// <summary>One slice for each family and each set of ports.</summary>
    public static List<V1EndpointSlice> For(V1Endpoints endpoints) =>
    [
        .. (endpoints.Subsets ?? [])
            .SelectMany(subset => (subset.Addresses ?? []).Select(address => (subset, address, ready: true))
                .Concat((subset.NotReadyAddresses ?? []).Select(address => (subset, address, ready: false)))
                .Take(MaximumAddresses))
            .Where(entry => IPAddress.TryParse(entry.address.Ip, out _))
            .GroupBy(entry => (Family: FamilyOf(entry.address.Ip), Ports: PortsText(entry.subset)))
            .Select(group => New(endpoints, group.Key.Family, group.First().subset, group.Select(entry => Endpoint(entry.address, entry.ready)))),
    ];

    /// <summary>Slices with the same family and ports are the same one at different times.</summary>
    public static string Identity(V1EndpointSlice slice) =>
        slice.AddressType + "|" + string.Join(';', (slice.Ports ?? []).Select(port => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}"));

    private static V1EndpointSlice New(V1Endpoints endpoints, string family, V1EndpointSubset subset, IEnumerable<V1Endpoint> all) => new()
    {
        ApiVersion = "discovery.k8s.io/v1",
        Kind = "EndpointSlice",
        Metadata = new V1ObjectMeta
        {
            GenerateName = endpoints.Metadata.Name + "-",
            NamespaceProperty = endpoints.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string>(endpoints.Metadata.Labels ?? new Dictionary<string, string>())
            {
                [EndpointSlicePlan.ServiceName] = endpoints.Metadata.Name,
                [EndpointSlicePlan.ManagedBy] = Manager,
            },
            Annotations = (endpoints.Metadata.Annotations ?? new Dictionary<string, string>())
                .Where(pair => pair.Key != LastApplied)
                .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal) is { Count: > 0 } annotations ? annotations : null,
            OwnerReferences = [Owners.ReferenceTo(endpoints)],
        },
        AddressType = family,
        Endpoints = [.. all],
        Ports = [.. (subset.Ports ?? []).Select(port => new Discoveryv1EndpointPort { Name = port.Name ?? "", Port = port.Port, Protocol = port.Protocol ?? "TCP", AppProtocol = port.AppProtocol })],
    };

    private static V1Endpoint Endpoint(V1EndpointAddress address, bool isReady) => new()
    {
        Addresses = [address.Ip],
        Conditions = new V1EndpointConditions { Ready = isReady },
        Hostname = address.Hostname,
        NodeName = address.NodeName,
        TargetRef = address.TargetRef,
    };

    private static string FamilyOf(string address) => IPAddress.Parse(address).AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static string PortsText(V1EndpointSubset subset) =>
        string.Join(';', (subset.Ports ?? []).Select(port => $"{port.Name}/{port.Protocol ?? "TCP"}/{port.Port}/{port.AppProtocol}"));
}
