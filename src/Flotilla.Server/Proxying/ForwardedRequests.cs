using Flotilla.Server.Aggregation;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Proxying;

/// <summary>Requests that somebody else answers: pods and services through the proxy, and the servers of aggregated groups.</summary>
public sealed class ForwardedRequests
{
    private readonly ProxyRequests proxies;
    private readonly AggregatedRequests aggregated;

    internal ForwardedRequests(ProxyRequests proxies, AggregatedRequests aggregated)
    {
        this.proxies = proxies;
        this.aggregated = aggregated;
    }

    /// <summary>False: this server answers itself.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, RequestUser user) =>
        await aggregated.TryHandleAsync(context, user) || await proxies.TryHandleAsync(context, user);
}
