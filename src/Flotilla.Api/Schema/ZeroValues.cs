using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Schema;

/// <summary>
/// Which empty values the API keeps. Optional fields held by value vanish when zero; the exceptions below are held by
/// reference, where zero differs from absent. Required fields are always sent.
/// </summary>
internal static class ZeroValues
{
    private static readonly FrozenSet<string> KeptStrings = new[]
    {
        "storageClassName", "volumeAttributesClassName", "apiGroup", "ingressClassName", "runtimeClassName", "hostname", "nodeName", "zone",
        "holderIdentity", "timeZone", "service", "appProtocol", "labelSelector", "procMount", "seLinuxChangePolicy", "fsGroupChangePolicy",
        "supplementalGroupsPolicy", "preemptionPolicy", "volumeMode", "mountPropagation", "recursiveReadOnly", "internalTrafficPolicy", "ipFamilyPolicy",
        "loadBalancerClass", "trafficDistribution", "localhostProfile", "hostnameOverride", "stopSignal", "nodeAffinityPolicy", "nodeTaintsPolicy",
        "reclaimPolicy", "volumeBindingMode", "completionMode", "podReplacementPolicy", "managedBy", "pathType", "failurePolicy", "matchPolicy",
        "sideEffects", "reinvocationPolicy", "unhealthyPodEvictionPolicy", "fsGroupPolicy", "persistentVolumeName", "gmsaCredentialSpecName",
        "gmsaCredentialSpec", "runAsUserName", "deprecationWarning", "currentVolumeAttributesClassName", "preferredHolder", "selectPolicy", "cachingMode",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> KeptStringsOfType = new[]
    {
        "core.v1.HostPathVolumeSource.type", "core.v1.GRPCAction.service", "discovery.v1.EndpointPort.name", "discovery.v1.EndpointPort.protocol",
        "networking.v1.NetworkPolicyPort.protocol", "core.v1.Container.restartPolicy", "core.v1.EphemeralContainer.restartPolicy", "coordination.v1.LeaseSpec.strategy",
        "networking.v1.IngressClassParametersReference.scope", "networking.v1.IngressClassParametersReference.namespace", "core.v1.TypedObjectReference.namespace",
        "admissionregistration.v1.RuleWithOperations.scope", "admissionregistration.v1.ServiceReference.path", "admissionregistration.v1.WebhookClientConfig.url",
        "core.v1.AzureDiskVolumeSource.fsType", "core.v1.AzureDiskVolumeSource.kind", "core.v1.CSIVolumeSource.fsType",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Held by value, though fields of the same name are held by reference elsewhere.</summary>
    private static readonly FrozenSet<string> DroppedStringsOfType = new[]
    {
        "core.v1.PodSpec.hostname", "core.v1.PodSpec.nodeName", "core.v1.PersistentVolumeSpec.storageClassName", "core.v1.EndpointAddress.hostname",
        "core.v1.LoadBalancerIngress.hostname", "networking.v1.IngressLoadBalancerIngress.hostname", "rbac.v1.Subject.apiGroup", "rbac.v1.RoleRef.apiGroup",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> DroppedBooleans = new[]
    {
        "hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "readOnly", "paused", "unschedulable", "publishNotReadyAddresses",
        "globalDefault", "preserveUnknownFields", "nonResource", "deprecated", "uniqueItems", "exclusiveMaximum", "exclusiveMinimum", "nullable",
        "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "authenticated", "denied",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> KeptIntegers = new[]
    {
        "replicas", "revisionHistoryLimit", "progressDeadlineSeconds", "collisionCount", "terminatingReplicas", "ready", "terminating", "defaultMode",
        "mode", "expirationSeconds", "tolerationSeconds", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "runAsUser", "runAsGroup",
        "fsGroup", "priority", "parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit", "startingDeadlineSeconds", "partition", "minReplicas", "gracePeriodSeconds", "deletionGracePeriodSeconds",
        "leaseDurationSeconds", "leaseTransitions", "nominalConcurrencyShares", "lendablePercent", "stabilizationWindowSeconds",
        "averageUtilization", "backoffLimitPerIndex", "maxFailedIndexes", "minDomains", "exitCode", "count", "remainingItemCount", "port",
        "ownershipVersion", "maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties", "ingressPort",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> KeptIntegersOfType = new[]
    {
        "core.v1.ClientIPConfig.timeoutSeconds", "core.v1.FCVolumeSource.lun", "networking.v1.NetworkPolicyPort.endPort", "batch.v1.SuccessPolicyRule.succeededCount",
        "storage.v1.CSIDriverSpec.nodeAllocatableUpdatePeriodSeconds", "admissionregistration.v1.ValidatingWebhook.timeoutSeconds", "admissionregistration.v1.MutatingWebhook.timeoutSeconds",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Optional by schema, yet sent even when zero.</summary>
    private static readonly FrozenSet<string> SentZeros = new[]
    {
        "apps.v1.StatefulSetSpec.serviceName", "apps.v1.StatefulSetStatus.availableReplicas", "policy.v1.PodDisruptionBudgetStatus.currentHealthy",
        "policy.v1.PodDisruptionBudgetStatus.desiredHealthy", "policy.v1.PodDisruptionBudgetStatus.disruptionsAllowed", "policy.v1.PodDisruptionBudgetStatus.expectedPods",
        "core.v1.ResourceFieldSelector.divisor",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Times and lists that are sent as null when unset.</summary>
    private static readonly FrozenSet<string> Nulls = new[]
    {
        "autoscaling.v2.HorizontalPodAutoscalerStatus.currentMetrics", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus.conditions",
        "core.v1.PodCondition.lastProbeTime", "core.v1.Event.firstTimestamp", "core.v1.Event.lastTimestamp", "core.v1.Event.eventTime",
        "events.v1.Event.eventTime", "events.v1.Event.deprecatedFirstTimestamp", "events.v1.Event.deprecatedLastTimestamp",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Every object that is read or written asks for these.
    private static readonly ConditionalWeakTable<TypeSchema, Rules> Known = [];

    public static bool IsDropped(TypeSchema type, FieldSchema field, JsonNode value)
    {
        if (IsAlwaysSent(type, field))
        {
            return false;
        }

        return field.Value.Kind switch
        {
            ValueKind.String => value.AsString() is { Length: 0 } && !IsKeptString(type, field),
            ValueKind.Boolean => value is JsonValue flag && flag.TryGetValue<bool>(out var set) && !set && DroppedBooleans.Contains(field.Name),
            ValueKind.Int32 or ValueKind.Int64 => value.AsInteger() == 0 && !IsKeptInteger(type, field),
            ValueKind.List => value is JsonArray { Count: 0 },
            ValueKind.Map => value is JsonObject { Count: 0 },
            _ => false,
        };
    }

    /// <summary>Quantities are held by reference but for these.</summary>
    private static readonly FrozenSet<string> ValueQuantities = new[]
    {
        "core.v1.ResourceFieldSelector.divisor", "resource.v1.Counter.value", "resource.v1.DeviceCapacity.value",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>A scalar whose zero and absence are the same to upstream.</summary>
    public static bool IsByValue(TypeSchema type, FieldSchema field) => Zero(type, field) is { } zero && (IsAlwaysSent(type, field) || IsDropped(type, field, zero));

    /// <summary>Sets what upstream sends for fields that were not given: zero for required scalars, null for some times.</summary>
    public static void FillRequired(JsonObject target, TypeSchema type)
    {
        foreach (var field in Of(type).Filled)
        {
            if (target[field.Name] is null && IsAlwaysSent(type, field) && Zero(type, field) is { } zero)
            {
                target[field.Name] = zero;
            }
            else if (!target.ContainsKey(field.Name) && IsNull(type, field))
            {
                target[field.Name] = null;
            }
        }
    }

    public static bool IsNull(TypeSchema type, FieldSchema field) =>
        field.Value.Kind is ValueKind.Time or ValueKind.MicroTime or ValueKind.List && Nulls.Contains($"{type.Name}.{field.Name}");

    private static bool IsAlwaysSent(TypeSchema type, FieldSchema field) => Of(type).Sent.Contains(field.Name);

    private static Rules Of(TypeSchema type) => Known.GetValue(type, static one =>
    {
        var sent = one.Fields.Values.Where(field => field.Required || SentZeros.Contains($"{one.Name}.{field.Name}")).ToList();
        return new Rules(
            sent.Select(field => field.Name).ToFrozenSet(StringComparer.Ordinal),
            [.. one.Fields.Values.Where(field => IsNull(one, field) || (sent.Contains(field) && Zero(one, field) is not null))]);
    });

    private static bool IsKeptString(TypeSchema type, FieldSchema field) =>
        (KeptStrings.Contains(field.Name) && !DroppedStringsOfType.Contains($"{type.Name}.{field.Name}")) || KeptStringsOfType.Contains($"{type.Name}.{field.Name}");

    // A status counts by value; a spec by reference.
    private static bool IsKeptInteger(TypeSchema type, FieldSchema field) =>
        KeptIntegersOfType.Contains($"{type.Name}.{field.Name}") || (KeptIntegers.Contains(field.Name) && !(field.Name is "replicas" && type.Name.EndsWith("Status", StringComparison.Ordinal)) && type.GoStruct is not "ServiceStatus");

    private static JsonNode? Zero(TypeSchema type, FieldSchema field) => field.Value.Kind switch
    {
        ValueKind.Quantity => ValueQuantities.Contains($"{type.Name}.{field.Name}") ? JsonValue.Create("0") : null,
        ValueKind.String => JsonValue.Create(""),
        ValueKind.Boolean => JsonValue.Create(false),
        ValueKind.Int32 or ValueKind.Int64 => JsonValue.Create(0L),
        _ => null,
    };

    /// <summary>What holds for one type.</summary>
    /// <param name="Sent">Names of fields that are sent even when zero.</param>
    /// <param name="Filled">Fields that get a value when none was given.</param>
    private sealed record Rules(FrozenSet<string> Sent, FieldSchema[] Filled);
}
