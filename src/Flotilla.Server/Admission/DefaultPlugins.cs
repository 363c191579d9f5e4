using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Limits;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Admission.Namespaces;
using Flotilla.Server.Admission.Networking;
using Flotilla.Server.Admission.Nodes;
using Flotilla.Server.Admission.PodSecurity;
using Flotilla.Server.Admission.Policies;
using Flotilla.Server.Admission.Priorities;
using Flotilla.Server.Admission.Quotas;
using Flotilla.Server.Admission.RuntimeClasses;
using Flotilla.Server.Admission.ServiceAccounts;
using Flotilla.Server.Admission.Storage;
using Flotilla.Server.Admission.Tolerations;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Authorization;
using Flotilla.Server.CustomResources;
using Flotilla.Storage;

namespace Flotilla.Server.Admission;

/// <summary>The plugins that are always on. The order is upstream's: each sees what those before it have filled in.</summary>
internal static class DefaultPlugins
{
    public static IReadOnlyList<IAdmissionPlugin> Create(IStore store, KindRegistry kinds, Authorizer authorizer, WebhookConnections connections, ConversionWebhooks conversions, AdmissionSettings settings, TimeProvider time)
    {
        var equivalents = new EquivalentKinds(kinds, conversions);
        var context = new MatchContext(store, equivalents);
        var caller = new WebhookCaller(connections, equivalents, time);
        var parameters = new PolicyParams(store, kinds);
        var mutating = new PolicySet(store, AdmissionKinds.MutatingPolicy, AdmissionKinds.MutatingPolicyBinding, context, parameters, authorizer);
        var validating = new PolicySet(store, AdmissionKinds.ValidatingPolicy, AdmissionKinds.ValidatingPolicyBinding, context, parameters, authorizer);
        return
        [
            new NamespaceLifecycle(store),
            new LimitRanger(store),
            new ServiceAccountAdmission(store, time),
            new NodeRestriction(store),
            new TaintNodesByCondition(),
            new PodSecurityAdmission(store, settings.PodSecurity),
            new PriorityAdmission(store),
            new DefaultTolerationSeconds(),
            new DefaultStorageClass(store),
            new PersistentVolumeClaimResize(store),
            new RuntimeClassAdmission(store),
            new DefaultIngressClass(store),
            new ServicePrivileges(),
            new PodTopologyLabels(store),
            new MutatingPolicies(mutating, authorizer),
            new MutatingWebhooks(store, context, authorizer, caller),
            new ExpressionRules(),
            new ValidatingPolicies(validating),
            new ValidatingWebhooks(store, context, authorizer, caller),
            new ResourceQuotaAdmission(store, time),
        ];
    }
}
