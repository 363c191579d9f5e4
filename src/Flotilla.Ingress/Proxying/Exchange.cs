using System.Diagnostics.CodeAnalysis;
using System.Net;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Ingress.Proxying;

/// <summary>One request on its way through a route: what steps decided, and how YARP copies it to the destination and back.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Nothing here outlives the request.")]
internal sealed class Exchange(HttpContext context, ProxyEngine engine, Route route, string requestId) : HttpTransformer
{
    private const int LongestId = 128;

    public HttpContext Context => context;

    public ProxyEngine Engine => engine;

    public Route Route => route;

    public string RequestId => requestId;

    /// <summary>Who asks.</summary>
    public IPAddress Client { get; } = ClientOf(context);

    /// <summary>Who it turned out to be; null: nobody asked.</summary>
    public string? User { get; set; }

    public WeightedBackend? Backend { get; set; }

    /// <summary>Those of this request alone, by what its steps found out.</summary>
    public List<IMessageChange> Changes { get; } = [];

    /// <summary>The one that is being asked, or that answered.</summary>
    public Destination? Destination { get; set; }

    /// <summary>What the destination is asked for; null: the same as the client asked for.</summary>
    public string? Path { get; set; }

    /// <summary>With its question mark; null: the client's.</summary>
    public string? Query { get; set; }

    /// <summary>Runs once, when the answer is complete or has failed.</summary>
    public event Action? Finished;

    public string RawTarget => context.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw && raw[0] == '/'
        ? raw : $"{context.Request.Path}{context.Request.QueryString}";

    /// <summary>The client's, when it is sensible, so that a request can be followed through several proxies.</summary>
    public static string IdFor(HttpContext context) =>
        context.Request.Headers["X-Request-ID"].ToString() is { Length: > 0 and <= LongestId } given ? given : Guid.NewGuid().ToString("N");

    public static IPAddress ClientOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    public Task AnswerAsync(int code) => ErrorAnswers.WriteAsync(context, code);

    public void Redirect(int code, string location)
    {
        context.Response.StatusCode = code;
        context.Response.Headers.Location = location;
    }

    public void Finish() => Finished?.Invoke();

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        if (Path is not null || Query is not null)
        {
            proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(
                destinationPrefix, Path is null ? httpContext.Request.Path : new PathString(Path), Query is null ? httpContext.Request.QueryString : new QueryString(Query));
        }

        SetForwarded(proxyRequest);
        Apply(Changes, proxyRequest);
        Apply(route.Changes, proxyRequest);
        if (Backend?.Changes is { } own)
        {
            Apply(own, proxyRequest);
        }
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (!await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken))
        {
            return false;
        }

        // Without an answer there is nothing to change: another destination may be asked.
        if (proxyResponse is not null)
        {
            foreach (var change in Changes.Concat(route.Changes))
            {
                change.OnResponse(this);
            }

            foreach (var change in Backend?.Changes ?? [])
            {
                change.OnResponse(this);
            }

            route.Affinity?.Remember(this);
        }

        return true;
    }

    private void Apply(IReadOnlyList<IMessageChange> changes, HttpRequestMessage request)
    {
        foreach (var change in changes)
        {
            change.OnRequest(this, request);
        }
    }

    /// <summary>What clients say about who they are is not believed.</summary>
    private void SetForwarded(HttpRequestMessage request)
    {
        var (incoming, headers) = (context.Request, request.Headers);
        var client = Client.ToString();
        Set("X-Forwarded-For", client);
        Set("X-Real-IP", client);
        Set("X-Forwarded-Host", incoming.Host.Value ?? "");
        Set("X-Forwarded-Port", PortText(context.Connection.LocalPort));
        Set("X-Forwarded-Proto", incoming.Scheme);
        Set("X-Forwarded-Scheme", incoming.Scheme);
        Set("X-Scheme", incoming.Scheme);
        Set("X-Request-ID", requestId);

        void Set(string name, string value)
        {
            if (incoming.Headers.ContainsKey(name))
            {
                headers.Remove(name);
            }

            headers.TryAddWithoutValidation(name, value);
        }
    }

    private static string PortText(int port) => port switch
    {
        80 => "80",
        443 => "443",
        _ => port.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
