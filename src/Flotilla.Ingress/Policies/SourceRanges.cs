using System.Net;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Who may come in: 403 for anybody else.</summary>
internal sealed record SourceRanges(IReadOnlyList<IPNetwork> Allowed, IReadOnlyList<IPNetwork> Denied) : IRouteStep
{
    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        if (!Contains(Denied, exchange.Client) && (Allowed.Count == 0 || Contains(Allowed, exchange.Client)))
        {
            return false;
        }

        await exchange.AnswerAsync(403);
        return true;
    }

    public static bool Contains(IReadOnlyList<IPNetwork> ranges, IPAddress address)
    {
        foreach (var range in ranges)
        {
            if (range.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
