using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Gateways.Filters;

/// <summary>The path that a destination sees.</summary>
internal sealed record PathReplacement(PathModifier Change, string? MatchedPrefix) : IRouteStep
{
    public ValueTask<bool> RunAsync(Exchange exchange)
    {
        exchange.Path = PathChange.Apply(Change, MatchedPrefix, exchange.Context.Request.Path.Value ?? "/") ?? exchange.Path;
        return ValueTask.FromResult(false);
    }
}
