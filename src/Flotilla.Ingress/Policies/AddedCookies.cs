using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Policies;

/// <summary>Cookies that a client gets besides those of the destination.</summary>
/// <param name="Always">Also with answers that are no success.</param>
internal sealed record AddedCookies(IReadOnlyList<string> Cookies, bool Always) : IMessageChange
{
    // Those with which nginx adds headers.
    private static readonly HashSet<int> Successes = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

    public void OnResponse(Exchange exchange)
    {
        if (Always || Successes.Contains(exchange.Context.Response.StatusCode))
        {
            exchange.Context.Response.Headers.Append("Set-Cookie", Cookies.ToArray());
        }
    }
}
