using System.Net.Http.Headers;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Posts a review to a webhook and returns the bytes of its answer; admission and conversion alike.</summary>
public sealed class WebhookClient
{
    private const int MaxAnswerBytes = 8 * 1024 * 1024;

    private readonly WebhookConnections connections;
    private readonly TimeProvider time;

    internal WebhookClient(WebhookConnections connections, TimeProvider time)
    {
        this.connections = connections;
        this.time = time;
    }

    /// <exception cref="WebhookCallException">No answer in time, or none of success.</exception>
    internal async Task<byte[]> PostAsync(WebhookTarget target, TimeSpan timeout, byte[] review, CancellationToken cancellationToken)
    {
        var address = target.WithTimeout(timeout);
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(review) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            message.Headers.TryAddWithoutValidation("Accept", "application/json, */*");
            using var response = await connections.For(target).SendAsync(message, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, either.Token);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.IsSuccessStatusCode ? body : throw new WebhookCallException(HttpStatusText.Of((int)response.StatusCode, body));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebhookCallException($"Post \"{address}\": {GoNetworkErrors.DeadlineExceeded}");
        }
        catch (HttpRequestException error)
        {
            throw new WebhookCallException($"Post \"{address}\": {GoNetworkErrors.Explain(target.Address.Authority, error)}");
        }
    }
}
