using System.Threading.Channels;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Routing;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Ingress.Proxying;

/// <summary>Copies of requests on their way. When their backend is slower than the requests, copies are dropped, never requests.</summary>
internal sealed class MirrorQueue(HttpClients clients) : BackgroundService
{
    private const int QueueLength = 256;
    private const int Workers = 16;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private readonly Channel<(BackendKey Backend, HttpRequestMessage Request)> queue =
        Channel.CreateBounded<(BackendKey, HttpRequestMessage)>(new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropWrite });

    public bool TrySend(BackendKey backend, HttpRequestMessage request) => queue.Writer.TryWrite((backend, request));

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(stoppingToken)));

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var (backend, request) in queue.Reader.ReadAllAsync(stoppingToken))
            {
                await SendAsync(backend, request, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Copies that are still waiting are lost, as they may be.
        }
    }

    private async Task SendAsync(BackendKey backend, HttpRequestMessage request, CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(Limit);
        using (request)
        {
            try
            {
                if (backend.IsHttp2)
                {
                    (request.Version, request.VersionPolicy) = (System.Net.HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
                }

                using var answer = await clients.For(backend, Route.DefaultConnectTimeout).SendAsync(request, limit.Token);
                await answer.Content.CopyToAsync(Stream.Null, limit.Token);
            }
            catch (Exception unheard) when (unheard is HttpRequestException or IOException or OperationCanceledException && !stoppingToken.IsCancellationRequested)
            {
                // Nobody waits for the answer of a mirror.
            }
        }
    }
}
