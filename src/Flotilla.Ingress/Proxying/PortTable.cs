using Flotilla.Api;
using Flotilla.Ingress.Routing;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Proxying;

/// <summary>Finds the route of a request, or says that it knows none.</summary>
internal interface IRouter
{
    Route? Find(HttpContext context);
}

/// <summary>All that one port needs to know. It is replaced as a whole, so that a request sees one state of the cluster.</summary>
/// <param name="Routers">The first that knows a route gives it.</param>
/// <param name="Certificates">The Secrets by the name that a client asks for; null: a port without TLS.</param>
internal sealed record PortTable(int Port, IReadOnlyList<IRouter> Routers, HostTable<CertificateReference>? Certificates)
{
    /// <summary>To whom connections of TLS go as they are, by the name that a client asks for; null: to nobody.</summary>
    public HostTable<IReadOnlyList<WeightedBackend>>? Passed { get; init; }

    /// <summary>Whether nothing but gRPC is expected: without TLS a port speaks one version of HTTP.</summary>
    public bool IsGrpcAlone { get; init; }

    public PortProtocol Protocol => Certificates is not null || Passed is not null ? PortProtocol.Https : IsGrpcAlone ? PortProtocol.Grpc : PortProtocol.Http;

    public Route? Find(HttpContext context)
    {
        foreach (var router in Routers)
        {
            if (router.Find(context) is { } route)
            {
                return route;
            }
        }

        return null;
    }
}

internal enum PortProtocol
{
    Http,

    /// <summary>HTTP/2 without TLS.</summary>
    Grpc,

    /// <summary>Connections begin with TLS, whoever ends it.</summary>
    Https,
}

internal sealed record CertificateReference(ObjectKey Secret);
