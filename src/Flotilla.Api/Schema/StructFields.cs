using System.Collections.Frozen;
using System.Runtime.CompilerServices;

namespace Flotilla.Api.Schema;

/// <summary>
/// Fields that the API always sends, even when empty: upstream keeps them by value, not by reference.
/// Clients see <c>"status": {}</c>, and field ownership treats them as present from the start.
/// </summary>
public static class StructFields
{
    private static readonly FrozenSet<string> Always = new[]
    {
        "core.v1.Container.resources", "core.v1.EphemeralContainer.resources", "core.v1.PodTemplateSpec.metadata", "core.v1.PodTemplateSpec.spec",
        "core.v1.PodTemplate.template", "core.v1.PersistentVolumeClaimSpec.resources", "core.v1.PersistentVolumeClaimTemplate.metadata", "core.v1.PersistentVolumeClaimTemplate.spec",
        "core.v1.ServiceStatus.loadBalancer", "core.v1.NodeStatus.daemonEndpoints", "core.v1.NodeStatus.nodeInfo",
        "core.v1.NodeDaemonEndpoints.kubeletEndpoint", "core.v1.Event.involvedObject", "core.v1.Event.source", "core.v1.ContainerStatus.state",
        "core.v1.ContainerStatus.lastState", "core.v1.Binding.target", "core.v1.WeightedPodAffinityTerm.podAffinityTerm",
        "core.v1.PreferredSchedulingTerm.preference",
        "apps.v1.DeploymentSpec.template", "apps.v1.DeploymentSpec.strategy", "apps.v1.ReplicaSetSpec.template", "apps.v1.StatefulSetSpec.template",
        "apps.v1.StatefulSetSpec.updateStrategy", "apps.v1.DaemonSetSpec.template", "apps.v1.DaemonSetSpec.updateStrategy",
        "batch.v1.JobSpec.template", "batch.v1.CronJobSpec.jobTemplate", "batch.v1.JobTemplateSpec.metadata", "batch.v1.JobTemplateSpec.spec",
        "autoscaling.v1.HorizontalPodAutoscalerSpec.scaleTargetRef", "autoscaling.v2.HorizontalPodAutoscalerSpec.scaleTargetRef",
        "autoscaling.v2.ResourceMetricSource.target", "autoscaling.v2.PodsMetricSource.metric", "autoscaling.v2.PodsMetricSource.target",
        "autoscaling.v2.ObjectMetricSource.describedObject", "autoscaling.v2.ObjectMetricSource.target", "autoscaling.v2.ObjectMetricSource.metric",
        "autoscaling.v2.ExternalMetricSource.metric", "autoscaling.v2.ExternalMetricSource.target", "autoscaling.v2.ContainerResourceMetricSource.target",
        "flowcontrol.v1.FlowSchemaSpec.priorityLevelConfiguration", "flowcontrol.v1.LimitedPriorityLevelConfiguration.limitResponse",
        "networking.v1.IngressStatus.loadBalancer", "networking.v1.IngressBackend.port", "networking.v1.HTTPIngressPath.backend",
        "networking.v1.NetworkPolicySpec.podSelector", "networking.v1.IngressServiceBackend.port",
        "discovery.v1.Endpoint.conditions", "events.v1.Event.regarding", "events.v1.Event.deprecatedSource",
        "rbac.v1.RoleBinding.roleRef", "rbac.v1.ClusterRoleBinding.roleRef", "storage.v1.VolumeAttachmentSpec.source",
        "admissionregistration.v1.ValidatingWebhook.clientConfig", "admissionregistration.v1.MutatingWebhook.clientConfig",
        "authentication.v1.SelfSubjectReviewStatus.userInfo", "authentication.v1.TokenReviewStatus.user",
        "resource.v1.ResourceClaimSpec.devices", "resource.v1.ResourceClaimTemplateSpec.metadata", "resource.v1.ResourceClaimTemplateSpec.spec", "resource.v1.AllocationResult.devices", "resource.v1.ResourceSliceSpec.pool",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec.names",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus.acceptedNames",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Kinds whose spec or status is kept by reference after all.</summary>
    private static readonly FrozenSet<string> ByReference = new[] { "storage.v1.CSIStorageCapacity", "autoscaling.v1.Scale.none" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Lists that are present (null) even when nothing was given; ownership never records them as a whole.</summary>
    private static readonly FrozenSet<string> Lists = new[] { "core.v1.PodSpec.containers", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus.conditions" }.ToFrozenSet(StringComparer.Ordinal);

    public static bool IsAlwaysPresent(TypeSchema type, FieldSchema field) =>
        field.Value.Kind is ValueKind.Object or ValueKind.List && Present.GetValue(type, NamesOf).Contains(field.Name);

    private static FrozenSet<string> NamesOf(TypeSchema type) =>
        type.Fields.Values.Where(field => Decide(type, field)).Select(field => field.Name).ToFrozenSet(StringComparer.Ordinal);

    private static bool Decide(TypeSchema type, FieldSchema field)
    {
        if (field.Value.Kind != ValueKind.Object)
        {
            return Lists.Contains($"{type.Name}.{field.Name}");
        }

        if (type.Kinds.Count > 0 && field.Name is "metadata" or "spec" or "status" && type.Kinds.Count > 0)
        {
            return !ByReference.Contains(type.Name);
        }

        return Always.Contains($"{type.Name}.{field.Name}");
    }

    /// <summary>The always-present fields of a type, computed once per type.</summary>
    public static IReadOnlyList<FieldSchema> Of(TypeSchema type) =>
        Cache.GetOrAdd(type, static t => t.Fields.Values.Where(f => f.Value.Kind == ValueKind.Object && IsAlwaysPresent(t, f)).ToArray());

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<TypeSchema, IReadOnlyList<FieldSchema>> Cache = new();
    private static readonly ConditionalWeakTable<TypeSchema, FrozenSet<string>> Present = [];
}
