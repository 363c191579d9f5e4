using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.EndToEnd.Servers;

/// <summary>What became of a request: null: nobody knows.</summary>
internal sealed record Answer(HttpStatusCode? Code, JsonNode? Body)
{
    public static readonly Answer Unknown = new(null, null);

    public long Version => long.Parse((string?)Body?["metadata"]?["resourceVersion"] ?? "0", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A client that knows all servers: it stays with one until that does not answer, and says when nobody knows what happened.</summary>
internal sealed class ServersClient(IReadOnlyList<HttpClient> servers, int first)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private int current = first;

    /// <summary>Goes on with the next server as long as no server can have seen the request.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(method, path);
                request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
                using var response = await servers[current % servers.Count].SendAsync(request, limit.Token);
                var text = await response.Content.ReadAsStringAsync(limit.Token);
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    await Task.Delay(Pause, limit.Token);
                    continue;
                }

                if ((int)response.StatusCode < 500)
                {
                    return new Answer(response.StatusCode, JsonNode.Parse(text));
                }

                current++;
                return Answer.Unknown;
            }
            catch (Exception failure) when (failure is SocketException or HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } })
            {
                current++;
                await Task.Delay(Pause, limit.Token);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException && !limit.IsCancellationRequested)
            {
                current++;
                return Answer.Unknown;
            }
        }
    }
}
