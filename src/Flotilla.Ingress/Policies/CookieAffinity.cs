using System.Globalization;
using System.Text;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Policies;

/// <summary>A client stays with the pod that answered it first, by a cookie; when that pod is gone it gets another.</summary>
internal sealed record CookieAffinity(string Name, string Path, int? MaxAgeSeconds, int? ExpiresSeconds, string? SameSite, bool? Secure, string? Domain)
{
    /// <summary>null: the client has none yet, or its pod is gone.</summary>
    public Destination? Find(HttpContext context, Backend backend) =>
        context.Request.Cookies[Name] is { Length: > 0 } alias ? backend.ByAlias(alias) : null;

    /// <summary>The header's value that makes the client come back to <paramref name="destination"/>.</summary>
    public string CookieFor(Destination destination, bool isHttps, DateTimeOffset now)
    {
        var cookie = new StringBuilder(Name).Append('=').Append(destination.Alias);
        if (ExpiresSeconds is { } expires)
        {
            cookie.Append("; Expires=").Append(now.AddSeconds(expires).ToString("R", CultureInfo.InvariantCulture));
        }

        if (MaxAgeSeconds is { } age)
        {
            cookie.Append("; Max-Age=").Append(age.ToString(CultureInfo.InvariantCulture));
        }

        cookie.Append("; Path=").Append(Path);
        if (Domain is not null)
        {
            cookie.Append("; Domain=").Append(Domain);
        }

        if (Secure ?? isHttps)
        {
            cookie.Append("; Secure");
        }

        cookie.Append("; HttpOnly");
        return SameSite is null ? cookie.ToString() : cookie.Append("; SameSite=").Append(SameSite).ToString();
    }

    public void Remember(Exchange exchange)
    {
        if (exchange.Destination is { } destination && exchange.Context.Request.Cookies[Name] != destination.Alias)
        {
            exchange.Context.Response.Headers.Append("Set-Cookie", CookieFor(destination, exchange.Context.Request.IsHttps, exchange.Engine.Time.GetUtcNow()));
        }
    }
}
