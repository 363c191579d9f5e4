using System.Net;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>So many requests of one client at the same time: 503 for more, as nginx answers.</summary>
internal sealed record ConnectionLimit(int Most, IReadOnlyList<IPNetwork> Exempt) : IRouteStep
{
    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        if (SourceRanges.Contains(Exempt, exchange.Client))
        {
            return false;
        }

        var owner = exchange.Route.Name;
        var key = new ClientKey(owner.Kind, owner.Namespace, owner.Name, exchange.Client);
        if (exchange.Engine.Connections.TryEnter(key, Most))
        {
            exchange.Finished += () => exchange.Engine.Connections.Leave(key);
            return false;
        }

        await exchange.AnswerAsync(503);
        return true;
    }
}
