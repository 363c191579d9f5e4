using System.Text.RegularExpressions;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>The path that a destination sees: what the rule's pattern matched is replaced by the target, <c>$1</c> by its groups.</summary>
/// <param name="Target">May bring a query of its own.</param>
internal sealed partial record PathRewrite(Regex Pattern, string Target) : IRouteStep
{
    public ValueTask<bool> RunAsync(Exchange exchange)
    {
        var match = Pattern.Match(exchange.Context.Request.Path.Value ?? "/");
        var rewritten = Group().Replace(Target, group => match.Groups[int.Parse(group.ValueSpan[1..], System.Globalization.CultureInfo.InvariantCulture)].Value);
        var query = rewritten.IndexOf('?', StringComparison.Ordinal);
        exchange.Path = query < 0 ? rewritten : rewritten[..query];
        if (query >= 0)
        {
            var original = exchange.Context.Request.QueryString.Value;
            exchange.Query = original is { Length: > 1 } ? $"{rewritten[query..]}&{original[1..]}" : rewritten[query..];
        }

        if (exchange.Path.Length == 0 || exchange.Path[0] != '/')
        {
            exchange.Path = "/" + exchange.Path;
        }

        return ValueTask.FromResult(false);
    }

    [GeneratedRegex(@"\$[0-9]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Group();
}
