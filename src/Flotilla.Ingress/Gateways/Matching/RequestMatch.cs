using System.Text.RegularExpressions;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Routing;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Gateways.Matching;

/// <summary>One match of an HTTPRoute: all that it asks for must hold.</summary>
internal sealed class RequestMatch
{
    private readonly string path;
    private readonly Regex? pattern;
    private readonly string? method;
    private readonly (string Name, string Value, Regex? Pattern)[] headers;
    private readonly (string Name, string Value, Regex? Pattern)[] parameters;

    /// <exception cref="FormatException">A pattern that cannot be matched.</exception>
    public RequestMatch(HttpMatch match)
    {
        Kind = match.Path?.Type switch
        {
            "Exact" => PathKind.Exact,
            "RegularExpression" => PathKind.Pattern,
            _ => PathKind.Prefix,
        };
        path = match.Path?.Value is { Length: > 0 } value ? value : "/";
        pattern = Kind == PathKind.Pattern ? PathPattern.CompileExact($"^(?:{path})$") : null;
        method = match.Method;
        headers = Values(match.Headers, StringComparer.OrdinalIgnoreCase);
        parameters = Values(match.QueryParams, StringComparer.Ordinal);
    }

    public PathKind Kind { get; }

    public string Path => path;

    /// <summary>Greater wins: the kind of path and its length, a method, the number of headers, then of parameters.</summary>
    public (int Kind, int Length, int Method, int Headers, int Parameters) Precedence =>
        (Kind switch
        {
            PathKind.Exact => 2,
            PathKind.Prefix => 1,
            _ => 0,
        }, path.TrimEnd('/').Length, method is null ? 0 : 1, headers.Length, parameters.Length);

    public bool Matches(HttpRequest request)
    {
        if ((method is not null && !string.Equals(method, request.Method, StringComparison.Ordinal)) || !MatchesPath(request.Path.Value is { Length: > 0 } asked ? asked : "/"))
        {
            return false;
        }

        foreach (var (name, value, wanted) in headers)
        {
            if (!request.Headers.TryGetValue(name, out var given) || !Fits(given.ToString(), value, wanted))
            {
                return false;
            }
        }

        foreach (var (name, value, wanted) in parameters)
        {
            if (!request.Query.TryGetValue(name, out var given) || !Fits(given.Count > 0 ? given[0] ?? "" : "", value, wanted))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Fits(string given, string value, Regex? pattern) => pattern?.IsMatch(given) ?? string.Equals(given, value, StringComparison.Ordinal);

    private bool MatchesPath(string asked)
    {
        if (Kind != PathKind.Prefix)
        {
            return pattern?.IsMatch(asked) ?? string.Equals(asked, path, StringComparison.Ordinal);
        }

        var prefix = path.AsSpan().TrimEnd('/');
        return asked.AsSpan().StartsWith(prefix, StringComparison.Ordinal) && (asked.Length == prefix.Length || asked[prefix.Length] == '/');
    }

    /// <summary>Of two with one name the first counts.</summary>
    private static (string, string, Regex?)[] Values(IList<NamedValue>? matches, StringComparer names) =>
    [
        .. (matches ?? []).DistinctBy(match => match.Name, names)
            .Select(match => (match.Name, match.Value ?? "", match.Type == "RegularExpression" ? PathPattern.CompileExact($"^(?:{match.Value})$") : null)),
    ];
}
