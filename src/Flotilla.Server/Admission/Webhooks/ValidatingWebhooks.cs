using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Http;
using Flotilla.Server.Authorization;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Calls validating webhooks all at once; one refusal is enough.</summary>
internal sealed class ValidatingWebhooks(IStore store, MatchContext context, Authorizer authorizer, WebhookCaller caller) : IAdmissionPlugin
{
    private readonly WebhookSelection selection = new(store, AdmissionKinds.ValidatingWebhook, context, authorizer);

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var calls = new List<(Webhook Hook, Kind Matched)>();
        foreach (var hook in await selection.ListAsync(request, cancellationToken))
        {
            if (await selection.MatchAsync(hook, request, cancellationToken) is { } matched)
            {
                calls.Add((hook, matched));
            }
        }

        if (calls.Count > 0)
        {
            await Task.WhenAll(calls.Select(call => CallAsync(call.Hook, request, call.Matched, cancellationToken)));
        }
    }

    private async Task CallAsync(Webhook hook, AdmissionRequest request, Kind matched, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await caller.AskAsync(hook, request, matched, mutating: false, cancellationToken);
            if (!answer.Allowed)
            {
                throw answer.Refusal(hook.Name);
            }
        }
        catch (WebhookCallException failure)
        {
            if (!hook.IgnoresFailures)
            {
                throw Failures.Internal($"failed calling webhook \"{hook.Name}\": {failure.Message}");
            }

            request.Options.Notes?.Annotate($"failed-open.validating.webhook.admission.k8s.io/{hook.Id}", hook.Name);
        }
    }
}
