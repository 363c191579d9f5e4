using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Http;
using Flotilla.Server.Authorization;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>The webhooks of one sort of configuration, and which of them a request must pass.</summary>
internal sealed class WebhookSelection(IStore store, Kind configurations, MatchContext context, Authorizer authorizer)
{
    private readonly CompiledObjects<IReadOnlyList<Webhook>> compiled = new(store, configurations.StoragePrefix, Webhook.AllOf);

    /// <summary>Ordered by the configuration's name, then as listed there.</summary>
    public async ValueTask<IReadOnlyList<Webhook>> ListAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (Exemption.Covers(request))
        {
            return [];
        }

        var all = await compiled.ListAsync(cancellationToken);
        return all.Count == 0 ? [] : [.. all.SelectMany(hooks => hooks)];
    }

    /// <summary>The kind in which to show the request to a webhook; null: it is not for this one.</summary>
    public async ValueTask<Kind?> MatchAsync(Webhook hook, AdmissionRequest request, CancellationToken cancellationToken)
    {
        var matched = await hook.Match.MatchAsync(request, context, cancellationToken);
        if (matched is not null && !await MeetsConditionsAsync(hook, request, matched, cancellationToken))
        {
            return null;
        }

        if (matched is not null && request.Options.DryRun && hook.HasSideEffects)
        {
            throw Failures.BadRequest($"admission webhook \"{hook.Name}\" does not support dry run");
        }

        return matched;
    }

    private async ValueTask<bool> MeetsConditionsAsync(Webhook hook, AdmissionRequest request, Kind matched, CancellationToken cancellationToken)
    {
        if (hook.Conditions.IsEmpty)
        {
            return true;
        }

        var facts = await AdmissionFacts.ReadAsync(request, matched, context, cancellationToken);
        var (met, error) = await hook.Conditions.EvaluateAsync(new ExpressionRun(facts, new AskedAuthorizer(authorizer, request.User)), cancellationToken);
        return error is null ? met : throw request.Forbidden(error);
    }
}
