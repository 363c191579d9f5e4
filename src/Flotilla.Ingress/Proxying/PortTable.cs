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
    public bool IsTls => Certificates is not null;

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

internal sealed record CertificateReference(ObjectKey Secret);
