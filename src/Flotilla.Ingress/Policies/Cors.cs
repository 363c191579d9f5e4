using System.Globalization;
using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Policies;

/// <summary>Lets pages of other origins ask; questions of browsers beforehand (OPTIONS) are answered here.</summary>
/// <param name="Origins"><c>*</c>, or origins whose host may begin with <c>*.</c></param>
internal sealed record Cors(
    IReadOnlyList<string> Origins, string Methods, string Headers, string? Exposed, bool Credentials, int MaxAgeSeconds) : IRouteStep, IMessageChange
{
    private const string AnyOrigin = "*";

    public ValueTask<bool> RunAsync(Exchange exchange)
    {
        if (!HttpMethods.IsOptions(exchange.Context.Request.Method))
        {
            return ValueTask.FromResult(false);
        }

        exchange.Context.Response.StatusCode = 204;
        OnResponse(exchange);
        if (exchange.Context.Response.Headers.ContainsKey("Access-Control-Allow-Origin"))
        {
            exchange.Context.Response.Headers["Access-Control-Max-Age"] = MaxAgeSeconds.ToString(CultureInfo.InvariantCulture);
        }

        return ValueTask.FromResult(true);
    }

    public void OnResponse(Exchange exchange)
    {
        var headers = exchange.Context.Response.Headers;
        var origin = exchange.Context.Request.Headers.Origin.ToString();
        if (AllowedFor(origin) is not { } allowed)
        {
            return;
        }

        headers["Access-Control-Allow-Origin"] = allowed;
        headers["Access-Control-Allow-Methods"] = Methods;
        headers["Access-Control-Allow-Headers"] = Headers;
        if (Credentials)
        {
            headers["Access-Control-Allow-Credentials"] = "true";
        }

        if (Exposed is not null)
        {
            headers["Access-Control-Expose-Headers"] = Exposed;
        }

        if (allowed != AnyOrigin)
        {
            headers.Append("Vary", "Origin");
        }
    }

    private string? AllowedFor(string origin) =>
        Origins.Contains(AnyOrigin, StringComparer.Ordinal) ? AnyOrigin
        : origin.Length > 0 && Origins.Any(pattern => Matches(pattern, origin)) ? origin
        : null;

    private static bool Matches(string pattern, string origin)
    {
        var star = pattern.IndexOf("*.", StringComparison.Ordinal);
        if (star < 0)
        {
            return string.Equals(pattern, origin, StringComparison.OrdinalIgnoreCase);
        }

        var (before, after) = (pattern[..star], pattern[(star + 1)..]);
        return origin.Length > before.Length + after.Length
            && origin.StartsWith(before, StringComparison.OrdinalIgnoreCase)
            && origin.EndsWith(after, StringComparison.OrdinalIgnoreCase)
            && !origin[before.Length..^after.Length].Contains('.', StringComparison.Ordinal);
    }
}
