using System.Globalization;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Gateways.Filters;

/// <summary>Answers with another place: what is not named stays as it was asked for.</summary>
internal sealed record RequestRedirect(HttpRedirect Redirect, string? MatchedPrefix) : IRouteStep
{
    private const int Found = 302;

    public ValueTask<bool> RunAsync(Exchange exchange)
    {
        var request = exchange.Context.Request;
        var scheme = Redirect.Scheme ?? request.Scheme;
        var path = PathChange.Apply(Redirect.Path, MatchedPrefix, request.Path.Value ?? "/") is { } changed
            ? new Microsoft.AspNetCore.Http.PathString(changed).ToUriComponent() + request.QueryString.Value
            : exchange.RawTarget;
        exchange.Redirect(Redirect.StatusCode ?? Found, $"{scheme}://{Redirect.Hostname ?? request.Host.Host}{PortText(scheme, exchange)}{path}");
        return ValueTask.FromResult(true);
    }

    /// <summary>As the API says: the given port, else the usual one of a given scheme, else the listener's; usual ones are left out.</summary>
    private string PortText(string scheme, Exchange exchange)
    {
        var port = Redirect.Port ?? (Redirect.Scheme is null ? exchange.Context.Connection.LocalPort : UsualPort(scheme));
        return port == UsualPort(scheme) ? "" : ":" + port.ToString(CultureInfo.InvariantCulture);
    }

    private static int UsualPort(string scheme) => scheme == "https" ? 443 : 80;
}
