using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Storage;

namespace Flotilla.Server.Admission;

/// <summary>The plugins that are always on. The order is upstream's: each sees what those before it have filled in.</summary>
internal static class DefaultPlugins
{
    public static IReadOnlyList<IAdmissionPlugin> Create(IStore store, KindRegistry kinds, WebhookConnections connections, TimeProvider time)
    {
        var context = new MatchContext(store, new EquivalentKinds(kinds));
        var caller = new WebhookCaller(connections, time);
        return
        [
            new NamespaceLifecycle(store),
            new ServiceAccountAdmission(store),
            new TaintNewNodes(),
            new PriorityAdmission(store),
            new DefaultTolerationSeconds(),
            new DefaultStorageClass(store),
            new MutatingWebhooks(store, context, caller),
            new ValidatingWebhooks(store, context, caller),
        ];
    }
}
