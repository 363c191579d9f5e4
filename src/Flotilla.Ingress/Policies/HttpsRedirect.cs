using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Sends who came without TLS to the same place with it.</summary>
internal sealed record HttpsRedirect(int Port, int Code = 308) : IRouteStep
{
    private const int UsualPort = 443;

    public ValueTask<bool> RunAsync(Exchange exchange)
    {
        var request = exchange.Context.Request;
        if (request.IsHttps)
        {
            return ValueTask.FromResult(false);
        }

        var authority = Port == UsualPort ? request.Host.Host : $"{request.Host.Host}:{Port}";
        exchange.Redirect(Code, $"https://{authority}{exchange.RawTarget}");
        return ValueTask.FromResult(true);
    }
}
