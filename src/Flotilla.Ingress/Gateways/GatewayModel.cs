using Flotilla.Api;
using Flotilla.Ingress.Gateways.Matching;
using Flotilla.Ingress.Gateways.Statuses;
using Flotilla.Ingress.Proxying;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Gateways;

/// <summary>All Gateways of our classes, compiled.</summary>
internal sealed record GatewayModel(
    IReadOnlyList<GatewayPort> Ports, IReadOnlySet<ObjectKey> Secrets, IReadOnlyList<GatewayReport> Gateways, IReadOnlyList<RouteReport> Routes)
{
    public static GatewayModel Empty { get; } = new([], new HashSet<ObjectKey>(), [], []);
}

/// <param name="Port">As written in the Gateway.</param>
/// <param name="Certificates">null: nothing that is encrypted is read here.</param>
internal sealed record GatewayPort(int Port, GatewayRouter Router, IReadOnlyDictionary<string, CertificateReference>? Certificates)
{
    /// <summary>To whom connections of TLS go as they are, by the names that clients ask for; null: a port without such listeners.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<WeightedBackend>>? Passed { get; init; }

    /// <summary>Whether nothing but gRPC is expected.</summary>
    public bool IsGrpcAlone { get; init; }
}
