using System.Text.RegularExpressions;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>A URL with nginx's variables in it, of which those that name something of the request are known.</summary>
internal sealed partial record UrlTemplate(string Text)
{
    /// <summary>Null: it can be used; otherwise what is wrong.</summary>
    public string? Problem
    {
        get
        {
            foreach (Match match in Variable().Matches(Text))
            {
                if (ValueOf(match.Groups["name"].Value, null) is null)
                {
                    return $"{match.Value} is not known";
                }
            }

            return Uri.TryCreate(Variable().Replace(Text, "x"), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? null : $"\"{Text}\" is no URL";
        }
    }

    public string For(Exchange exchange) => Variable().Replace(Text, match => ValueOf(match.Groups["name"].Value, exchange)!);

    // Without an exchange: whether it is known at all.
    private static string? ValueOf(string name, Exchange? exchange) => name switch
    {
        "scheme" or "pass_access_scheme" => exchange?.Context.Request.Scheme ?? "",
        "host" or "best_http_host" => exchange?.Context.Request.Host.Host ?? "",
        "http_host" => exchange?.Context.Request.Host.Value ?? "",
        "request_uri" => exchange?.RawTarget ?? "",
        "escaped_request_uri" => Uri.EscapeDataString(exchange?.RawTarget ?? ""),
        "request_method" => exchange?.Context.Request.Method ?? "",
        "remote_addr" => exchange?.Client.ToString() ?? "",
        "req_id" => exchange?.RequestId ?? "",
        _ => null,
    };

    [GeneratedRegex("\\$\\{?(?<name>[a-z_]+)\\}?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
