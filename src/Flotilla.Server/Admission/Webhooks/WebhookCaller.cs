using System.Net.Http.Headers;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Asks one webhook about one request.</summary>
internal sealed class WebhookCaller(WebhookConnections connections, TimeProvider time)
{
    private const int MaxAnswerBytes = 8 * 1024 * 1024;

    /// <exception cref="WebhookCallException">The webhook could not be asked, or did not answer properly in time.</exception>
    public async Task<ReviewAnswer> AskAsync(Webhook hook, AdmissionRequest request, Kind matched, bool mutating, CancellationToken cancellationToken)
    {
        var uid = Guid.NewGuid().ToString();
        var review = StoredObject.Serialize(ReviewRequest.Of(request, matched, hook.ReviewVersion, uid));
        var body = await PostAsync(hook, review, cancellationToken);
        var answer = ReviewAnswer.Read(body, hook.ReviewVersion, uid, mutating);
        foreach (var (key, value) in answer.Annotations)
        {
            request.Options.Notes?.Annotate($"{hook.Name}/{key}", value);
        }

        foreach (var warning in answer.Warnings)
        {
            request.Options.Notes?.Warn(warning);
        }

        return answer;
    }

    private async Task<byte[]> PostAsync(Webhook hook, byte[] review, CancellationToken cancellationToken)
    {
        var address = hook.Target.WithTimeout(hook.Timeout);
        using var limit = new CancellationTokenSource(hook.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(review) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            message.Headers.TryAddWithoutValidation("Accept", "application/json, */*");
            using var response = await connections.For(hook.Target).SendAsync(message, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, either.Token);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.IsSuccessStatusCode ? body : throw new WebhookCallException($"failed to call webhook: {HttpStatusText.Of((int)response.StatusCode, body)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebhookCallException($"failed to call webhook: Post \"{address}\": {GoNetworkErrors.DeadlineExceeded}");
        }
        catch (HttpRequestException error)
        {
            throw new WebhookCallException($"failed to call webhook: Post \"{address}\": {GoNetworkErrors.Explain(hook.Target.Address.Authority, error)}");
        }
    }
}
