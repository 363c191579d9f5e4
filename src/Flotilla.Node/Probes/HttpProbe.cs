using System.Net.Sockets;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Probes;

/// <summary>GET that passes on 200 to 399. Certificates are not checked: the pod is asked whether it lives, not who it is.</summary>
internal static class HttpProbe
{
    private static readonly HttpClient Client = new(new LostConnectionHandler(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        // A connection kept open would hide that nobody accepts new ones.
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    }))
    { Timeout = Timeout.InfiniteTimeSpan };

    public static async Task<ProbeResult> RunAsync(Request request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(timeout);
        try
        {
            using var message = request.Message();
            using var answer = await Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, bounded.Token);
            var code = (int)answer.StatusCode;
            return code is >= 200 and < 400 ? ProbeResult.Ok : ProbeResult.Failed($"HTTP probe failed with statuscode: {code}");
        }
        catch (HttpRequestException failure)
        {
            var address = $"{request.Url.Host}:{request.Url.Port}";
            var reason = failure.InnerException is SocketException socket ? SocketFailure.Describe(socket, address)
                : failure.HttpRequestError == HttpRequestError.ResponseEnded ? "EOF"
                : failure.Message;
            return ProbeResult.Failed($"Get \"{request.Url}\": {reason}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.Failed($"Get \"{request.Url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
    }

    internal sealed record Request(Uri Url, IReadOnlyList<KeyValuePair<string, string>> Headers)
    {
        public static Request For(V1HTTPGetAction get, V1Container container, string podIp)
        {
            var host = string.IsNullOrEmpty(get.Host) ? podIp : get.Host;
            var scheme = (get.Scheme ?? "HTTP").ToLowerInvariant();
            var path = string.IsNullOrEmpty(get.Path) ? "/" : get.Path.StartsWith('/') ? get.Path : "/" + get.Path;
            return new Request(
                new Uri($"{scheme}://{(host.Contains(':') ? $"[{host}]" : host)}:{ProbePorts.Resolve(get.Port, container)}{path}"),
                [.. (get.HttpHeaders ?? []).Select(header => KeyValuePair.Create(header.Name, header.Value))]);
        }

        public HttpRequestMessage Message()
        {
            var message = new HttpRequestMessage(HttpMethod.Get, Url);
            message.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
            message.Headers.TryAddWithoutValidation("Accept", "*/*");
            foreach (var (name, value) in Headers)
            {
                message.Headers.Remove(name);
                message.Headers.TryAddWithoutValidation(name, value);
            }
            return message;
        }
    }
}
