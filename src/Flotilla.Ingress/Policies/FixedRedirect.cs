using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Every request, or those for one path only, are sent elsewhere.</summary>
/// <param name="OnlyPath">null: all of them.</param>
internal sealed record FixedRedirect(string Location, int Code, string? OnlyPath = null) : IRouteStep
{
    public ValueTask<bool> RunAsync(Exchange exchange)
    {
        if (OnlyPath is not null && exchange.Context.Request.Path.Value != OnlyPath)
        {
            return ValueTask.FromResult(false);
        }

        exchange.Redirect(Code, Location);
        return ValueTask.FromResult(true);
    }
}
