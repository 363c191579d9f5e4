using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Ingress.Gateways.Filters;

/// <summary>Sends a copy of the request to a second backend, whose answer nobody reads. Bodies are copied up to a size; longer ones, and those of unknown length, are not mirrored.</summary>
internal sealed record Mirror(Backend Backend, int Percent) : IRouteStep
{
    private const long MostBodyBytes = 1 << 20;
    private static readonly HashSet<string> OfConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Proxy-Connection", "Content-Length", "Expect",
    };

    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        var request = exchange.Context.Request;
        if ((Percent < 100 && Random.Shared.Next(100) >= Percent)
            || request.ContentLength > MostBodyBytes || request.Headers.ContainsKey("Transfer-Encoding") || request.Headers.ContainsKey("Upgrade")
            || Backend.Pick([], exchange.Engine.Time.GetTimestamp()) is not { } destination)
        {
            return false;
        }

        exchange.Engine.Mirrors.TrySend(Backend.Key, await CopyAsync(exchange, destination));
        return false;
    }

    private static async Task<HttpRequestMessage> CopyAsync(Exchange exchange, Destination destination)
    {
        var request = exchange.Context.Request;
        var copy = new HttpRequestMessage(
            new HttpMethod(request.Method), RequestUtilities.MakeDestinationAddress(destination.Prefix, exchange.Path is null ? request.Path : new PathString(exchange.Path), request.QueryString));
        if (request.ContentLength > 0)
        {
            request.EnableBuffering((int)MostBodyBytes);
            var body = new byte[request.ContentLength.Value];
            await request.Body.ReadExactlyAsync(body, exchange.Context.RequestAborted);
            request.Body.Position = 0;
            copy.Content = new ByteArrayContent(body);
        }

        foreach (var (name, values) in request.Headers)
        {
            if (!OfConnection.Contains(name) && !name.StartsWith(':') && !copy.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                copy.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        copy.Headers.TryAddWithoutValidation("X-Forwarded-For", exchange.Client.ToString());
        return copy;
    }
}
