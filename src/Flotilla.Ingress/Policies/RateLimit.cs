using System.Net;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>So many requests of one client in a time: 503 for more, as nginx answers.</summary>
/// <param name="PerSecond">The steady rate.</param>
/// <param name="Burst">How many may come at once on top of it.</param>
/// <param name="Exempt">Clients that are not counted.</param>
internal sealed record RateLimit(double PerSecond, int Burst, IReadOnlyList<IPNetwork> Exempt) : IRouteStep
{
    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        var owner = exchange.Route.Name;
        if (SourceRanges.Contains(Exempt, exchange.Client)
            || exchange.Engine.Rates.Take(new ClientKey(owner.Kind, owner.Namespace, owner.Name, exchange.Client), this))
        {
            return false;
        }

        await exchange.AnswerAsync(503);
        return true;
    }
}
