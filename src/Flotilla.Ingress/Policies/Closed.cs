using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Nobody is served, because it cannot be found out how.</summary>
internal sealed record Closed(int Code = 503) : IRouteStep
{
    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        await exchange.AnswerAsync(Code);
        return true;
    }
}
