using Flotilla.Ingress.Proxying;
using Flotilla.Ingress.Routing;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Gateways.Matching;

/// <param name="Order">Age, name and place of the rule, for two that are equal otherwise: the first wins.</param>
internal sealed record MatchedRoute(RequestMatch Match, Route Route, int Order);

/// <summary>The routes of one port: the most specific listener has the request; in it the most specific name, then the most specific match.</summary>
internal sealed class GatewayRouter(HostTable<HostTable<MatchedRoute[]>> listeners) : IRouter
{
    public Route? Find(HttpContext context)
    {
        var host = context.Request.Host.Host;
        return listeners.Find(host)?.Find(host, context.Request, static (routes, request) => First(routes, request));
    }

    public static MatchedRoute[] Sorted(IEnumerable<MatchedRoute> routes) =>
        [.. routes.OrderByDescending(route => route.Match.Precedence).ThenBy(route => route.Order)];

    private static Route? First(MatchedRoute[] routes, HttpRequest request)
    {
        foreach (var route in routes)
        {
            if (route.Match.Matches(request))
            {
                return route.Route;
            }
        }

        return null;
    }
}
