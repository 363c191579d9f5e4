using System.Net;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Policies;

/// <summary>
/// Somebody else says who comes in: he is asked with the request's headers, without its body. 2xx: it goes on; 401 and 403 are
/// passed on; whatever else comes, and silence, is 500.
/// </summary>
/// <param name="Method">null: GET.</param>
/// <param name="SignIn">Where browsers go that are not known; null: they get 401.</param>
/// <param name="SignInParameter">The one that says where they wanted to go.</param>
/// <param name="PassedHeaders">Of his answer, to the destination; what a client says in them is not believed.</param>
/// <param name="Redirect">What he is told of where the client wants to go; null: the request's own path.</param>
/// <param name="AlwaysSetsCookies">Whether his cookies go to the client with errors of the destination, too.</param>
internal sealed record ExternalAuthentication(
    UrlTemplate Url, string? Method, UrlTemplate? SignIn, string SignInParameter, IReadOnlyList<string> PassedHeaders, UrlTemplate? Redirect, bool AlwaysSetsCookies) : IRouteStep
{
    private const int Attempts = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly HashSet<string> NotAsked = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect",
        "X-Forwarded-For", "X-Real-IP", "X-Request-ID", "X-Original-URL", "X-Original-Method", "X-Sent-From", "X-Auth-Request-Redirect",
    };

    /// <summary>His pods, when the URL names a Service of the cluster.</summary>
    public Backend? Backend { get; init; }

    public async ValueTask<bool> RunAsync(Exchange exchange)
    {
        using var answer = await AskAsync(exchange);
        var cookies = answer is not null && answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.ToList() : [];
        if (answer is { IsSuccessStatusCode: true })
        {
            exchange.Changes.Add(new HeaderChange(true, [.. PassedHeaders.SelectMany(name => Passed(answer, name))], [], PassedHeaders));
            if (cookies.Count > 0)
            {
                exchange.Changes.Add(new AddedCookies(cookies, AlwaysSetsCookies));
            }

            return false;
        }

        await RefuseAsync(exchange, answer, cookies);
        return true;
    }

    private static IEnumerable<Header> Passed(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? [new Header(name, string.Join(", ", values))] : [];

    private async Task RefuseAsync(Exchange exchange, HttpResponseMessage? answer, List<string> cookies)
    {
        var response = exchange.Context.Response;
        if (answer?.StatusCode == HttpStatusCode.Unauthorized && SignIn is not null)
        {
            response.Headers.Append("Set-Cookie", cookies.ToArray());
            exchange.Redirect(StatusCodes.Status302Found, SignInFor(exchange));
            return;
        }

        if (answer?.StatusCode == HttpStatusCode.Unauthorized && answer.Headers.WwwAuthenticate.Count > 0)
        {
            response.Headers.WWWAuthenticate = answer.Headers.WwwAuthenticate.ToString();
        }

        await exchange.AnswerAsync(answer?.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? (int)answer.StatusCode : StatusCodes.Status500InternalServerError);
    }

    private string SignInFor(Exchange exchange)
    {
        var url = SignIn!.For(exchange);
        var query = url.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0 && url[query..].Contains($"{SignInParameter}=", StringComparison.Ordinal))
        {
            return url;
        }

        var request = exchange.Context.Request;
        return $"{url}{(query < 0 ? '?' : '&')}{SignInParameter}={request.Scheme}://{request.Host.Value}{Uri.EscapeDataString(exchange.RawTarget)}";
    }

    // Null: nobody answers.
    private async Task<HttpResponseMessage?> AskAsync(Exchange exchange)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(exchange.Context.RequestAborted);
        limit.CancelAfter(Patience);
        var url = new Uri(Url.For(exchange));
        List<Destination> tried = [];
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var pod = Backend?.Pick(tried, exchange.Engine.Time.GetTimestamp());
            if (Backend is not null && pod is null)
            {
                return null;
            }

            using var request = RequestFor(exchange, pod is null ? url : new Uri(new Uri(pod.Prefix), url.PathAndQuery), url.Authority);
            try
            {
                return await exchange.Engine.Ask(Backend?.Key).SendAsync(request, limit.Token);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException && !exchange.Context.RequestAborted.IsCancellationRequested)
            {
                if (pod is not null)
                {
                    tried.Add(pod);
                    pod.Failed(exchange.Engine.Time.GetTimestamp(), exchange.Engine.Time.TimestampFrequency);
                }
            }
        }

        return null;
    }

    private HttpRequestMessage RequestFor(Exchange exchange, Uri url, string host)
    {
        var incoming = exchange.Context.Request;
        var request = new HttpRequestMessage(new HttpMethod(Method ?? HttpMethods.Get), url);
        foreach (var header in incoming.Headers.Where(header => !NotAsked.Contains(header.Key) && !header.Key.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && header.Key[0] != ':'))
        {
            request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray());
        }

        request.Headers.Host = host;
        Set("X-Request-ID", exchange.RequestId);
        Set("X-Real-IP", exchange.Client.ToString());
        Set("X-Forwarded-For", exchange.Client.ToString());
        Set("X-Original-URL", $"{incoming.Scheme}://{incoming.Host.Value}{exchange.RawTarget}");
        Set("X-Original-Method", incoming.Method);
        Set("X-Sent-From", "nginx-ingress-controller");
        Set("X-Auth-Request-Redirect", Redirect?.For(exchange) ?? exchange.RawTarget);
        return request;

        void Set(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);
    }
}
