using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Patching;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Http;
using Flotilla.Server.Authorization;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Calls mutating webhooks one after the other; each sees what those before it have changed.</summary>
internal sealed class MutatingWebhooks(IStore store, MatchContext context, Authorizer authorizer, WebhookCaller caller) : IAdmissionPlugin
{
    private readonly WebhookSelection selection = new(store, AdmissionKinds.MutatingWebhook, context, authorizer);

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var hooks = await selection.ListAsync(request, cancellationToken);
        if (hooks.Count == 0)
        {
            return;
        }

        var rounds = request.Reinvocation.StateOf<InvokedWebhooks>(this);
        rounds.BeginRound(request);
        foreach (var hook in hooks)
        {
            if (rounds.MayCall(request, hook) && await selection.MatchAsync(hook, request, cancellationToken) is { } matched)
            {
                await CallAsync(hook, request, matched, rounds, cancellationToken);
            }
        }

        rounds.EndRound(request);
    }

    private async Task CallAsync(Webhook hook, AdmissionRequest request, Kind matched, InvokedWebhooks rounds, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await caller.AskAsync(hook, request, matched, mutating: true, cancellationToken);
            if (!answer.Allowed)
            {
                throw answer.Refusal(hook.Name);
            }

            if (answer.Patch is { } patch && await ApplyAsync(hook, request, matched, patch, cancellationToken))
            {
                rounds.Changed(request);
            }
        }
        catch (WebhookCallException failure)
        {
            if (!hook.IgnoresFailures)
            {
                throw Failures.Internal($"failed calling webhook \"{hook.Name}\": {failure.Message}");
            }

            request.Options.Notes?.Annotate($"failed-open.mutation.webhook.admission.k8s.io/{hook.Id}", hook.Name);
        }

        rounds.Called(hook);
    }

    private async ValueTask<bool> ApplyAsync(Webhook hook, AdmissionRequest request, Kind matched, JsonNode patch, CancellationToken cancellationToken)
    {
        var view = await AdmissionView.OfAsync(request, matched, context.Equivalents, cancellationToken);
        if (view.Object is null)
        {
            throw Failures.Internal($"admission webhook \"{hook.Name}\" attempted to modify the object, which is not supported for this operation");
        }

        try
        {
            return JsonPatch.Apply(view.Object.Copy(), patch) is JsonObject next
                ? await view.AdoptAsync(request, matched, next, context.Equivalents, cancellationToken)
                : throw Failures.Internal("the patched value is not an object");
        }
        catch (PatchException error)
        {
            throw Failures.Internal(error.Message);
        }
    }
}
