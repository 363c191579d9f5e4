using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Asks one webhook about one request.</summary>
internal sealed class WebhookCaller(WebhookConnections connections, EquivalentKinds kinds, TimeProvider time)
{
    private readonly WebhookClient client = new(connections, time);

    /// <exception cref="WebhookCallException">The webhook could not be asked, or did not answer properly in time.</exception>
    public async Task<ReviewAnswer> AskAsync(Webhook hook, AdmissionRequest request, Kind matched, bool mutating, CancellationToken cancellationToken)
    {
        var uid = Guid.NewGuid().ToString();
        var view = await AdmissionView.OfAsync(request, matched, kinds, cancellationToken);
        var review = StoredObject.Serialize(ReviewRequest.Of(request, matched, view, hook.ReviewVersion, uid));
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
        try
        {
            return await client.PostAsync(hook.Target, hook.Timeout, review, cancellationToken);
        }
        catch (WebhookCallException error)
        {
            throw new WebhookCallException($"failed to call webhook: {error.Message}");
        }
    }
}
