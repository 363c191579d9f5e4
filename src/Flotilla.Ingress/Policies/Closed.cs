using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Nobody may come in, because it cannot be found out who may.</summary>
internal sealed record Closed : IRouteStep
{
    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        await exchange.AnswerAsync(503);
        return true;
    }
}
