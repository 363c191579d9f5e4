using System.Text;
using Flotilla.Api;
using Flotilla.Ingress.Passwords;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Only who knows a password of a Secret: 401 for others, 503 while there is no such Secret.</summary>
/// <param name="IsMap">One key a user; else one file of lines, under the key <c>auth</c>.</param>
internal sealed record BasicAuthentication(ObjectKey Secret, bool IsMap, string Realm) : IRouteStep
{
    private const string Scheme = "Basic ";

    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        if (exchange.Engine.Passwords.Of(Secret, IsMap) is not { } passwords)
        {
            await exchange.AnswerAsync(503);
            return true;
        }

        if (Given(exchange.Context.Request.Headers.Authorization.ToString()) is var (user, password) && passwords.Allow(user, password))
        {
            exchange.User = user;
            return false;
        }

        exchange.Context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{Realm.Replace("\"", "", StringComparison.Ordinal)}\"";
        await exchange.AnswerAsync(401);
        return true;
    }

    private static (string User, string Password)? Given(string header)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes.AsSpan(0, length));
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (text[..colon], text[(colon + 1)..]);
    }
}
