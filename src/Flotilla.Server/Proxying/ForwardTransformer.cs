using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Server.Proxying;

/// <summary>What changes on the way: the path, and whom the destination sees. The caller's credentials stay here.</summary>
internal sealed class ForwardTransformer(ForwardTarget target) : HttpTransformer
{
    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, target.Path, httpContext.Request.QueryString);
        proxyRequest.Headers.Host = null;
        foreach (var name in proxyRequest.Headers.Select(header => header.Key).Where(IsOurs).ToList())
        {
            proxyRequest.Headers.Remove(name);
        }

        foreach (var (name, value) in target.Headers)
        {
            proxyRequest.Headers.TryAddWithoutValidation(name, value);
        }

        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", httpContext.Connection.RemoteIpAddress?.ToString());
        if (target.Mount is { } mount)
        {
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Uri", mount);
        }
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var proceeds = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (target.Mount is { } mount && proxyResponse?.Headers.Location is { } location && IsHere(location))
        {
            var path = location.IsAbsoluteUri ? location.PathAndQuery : location.OriginalString;
            httpContext.Response.Headers.Location = path.StartsWith('/') ? mount + path : path;
        }

        return proceeds;
    }

    private bool IsHere(Uri location) => !location.IsAbsoluteUri || location.GetLeftPart(UriPartial.Authority) == target.Prefix;

    private static bool IsOurs(string header) =>
        header is "Authorization" or "X-Forwarded-For" or "X-Forwarded-Uri"
        || header.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase)
        || header.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase);
}
