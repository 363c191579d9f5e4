using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>The core group, <c>/api/v1</c>.</summary>
public static class CoreKinds
{
    private static readonly string[] ProxyVerbs = ["create", "delete", "get", "patch", "update"];
    private static readonly string[] UpdateVerbs = ["get", "patch", "update"];

    public static readonly Kind Binding = new("", "v1", "bindings", "Binding", Scope.Namespaced) { Verbs = ["create"] };

    public static readonly Kind ComponentStatus = new("", "v1", "componentstatuses", "ComponentStatus", Scope.Cluster)
    {
        ShortNames = ["cs"],
        Verbs = ["get", "list"],
        Columns = [Cells.Name, new("Status", (item, _) => item.Objects("conditions").Any(c => c.String("status") == "True") ? "Healthy" : "Unhealthy"), new("Message", (item, _) => item.Objects("conditions").FirstOrDefault().String("message") ?? ""), new("Error", (item, _) => item.Objects("conditions").FirstOrDefault().String("error") ?? "")],
    };

    public static readonly Kind ConfigMap = new("", "v1", "configmaps", "ConfigMap", Scope.Namespaced)
    {
        ShortNames = ["cm"],
        Validate = ConfigMapRules.Check,
        Columns = [Cells.Name, new("Data", (item, _) => (item.Object("data")?.Count ?? 0) + (item.Object("binaryData")?.Count ?? 0)), Cells.Age],
    };

    public static readonly Kind Endpoints = new("", "v1", "endpoints", "Endpoints", Scope.Namespaced)
    {
        AllowsCreateOnUpdate = true,
        Singular = "endpoints",
        ShortNames = ["ep"],
        Default = EndpointsRules.Default,
        Validate = EndpointsChecks.Check,
        Columns = [Cells.Name, new("Endpoints", (item, _) => EndpointsRules.Text(item)), Cells.Age],
    };

    public static readonly Kind Event = new("", "v1", "events", "Event", Scope.Namespaced)
    {
        ShortNames = ["ev"],
        StoragePrefix = "/core/events/",
        Validate = EventRules.Check,
        AllowsCreateOnUpdate = true,
        Columns = EventRules.Columns(core: true),
        SelectableFields = EventRules.SelectableFields,
    };

    public static readonly Kind LimitRange = new("", "v1", "limitranges", "LimitRange", Scope.Namespaced)
    {
        AllowsCreateOnUpdate = true,
        ShortNames = ["limits"],
        Default = QuotaRules.DefaultLimitRange,
        Validate = QuotaRules.CheckLimitRange,
        Columns = [Cells.Name, Cells.CreatedAt],
    };

    public static readonly Kind Namespace = new("", "v1", "namespaces", "Namespace", Scope.Cluster)
    {
        ShortNames = ["ns"],
        Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"],
        HasStatus = true,
        Others = [new("finalize", new("", "v1", "Namespace"), "update")],
        ValidateName = Names.CheckLabel,
        Default = NamespaceRules.Default,
        Prepare = NamespaceRules.Prepare,
        PrepareUpdate = NamespaceRules.PrepareUpdate,
        Parts = new Dictionary<string, PartialUpdate> { [Subresource.StatusName] = new(NamespaceRules.CheckStatus) },
        DeleteAnswersStatus = false,
        SelectableFields = new Dictionary<string, string> { ["status.phase"] = "status.phase" },
        Columns = [Cells.Name, Cells.Text("Status", "status.phase"), Cells.Age],
    };

    public static readonly Kind Node = new("", "v1", "nodes", "Node", Scope.Cluster)
    {
        ShortNames = ["no"],
        HasStatus = true,
        KeepsStatusOnCreate = true,
        Others = [new("proxy", new("", "v1", "NodeProxyOptions"), ProxyVerbs)],
        Validate = NodeRules.Check,
        SelectableFields = new Dictionary<string, string> { ["spec.unschedulable"] = "spec.unschedulable" },
        Columns = NodeRules.Columns,
    };

    public static readonly Kind PersistentVolumeClaim = new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", Scope.Namespaced)
    {
        ShortNames = ["pvc"],
        HasStatus = true,
        DeleteAnswersStatus = false,
        Default = VolumeClaimRules.Default,
        Prepare = VolumeClaimRules.Prepare,
        Validate = VolumeClaimRules.Check,
        Columns = VolumeClaimRules.Columns,
    };

    public static readonly Kind PersistentVolume = new("", "v1", "persistentvolumes", "PersistentVolume", Scope.Cluster)
    {
        ShortNames = ["pv"],
        HasStatus = true,
        DeleteAnswersStatus = false,
        Default = VolumeRules.Default,
        Prepare = VolumeRules.Prepare,
        Validate = VolumeRules.Check,
        Columns = VolumeRules.Columns,
    };

    public static readonly Kind Pod = new("", "v1", "pods", "Pod", Scope.Namespaced)
    {
        ShortNames = ["po"],
        Categories = ["all"],
        HasStatus = true,
        HasGeneration = true,
        DeleteAnswersStatus = false,
        GracePeriod = PodRules.GracePeriod,
        Others =
        [
            new("attach", new("", "v1", "PodAttachOptions"), "create", "get"),
            new("binding", new("", "v1", "Binding"), "create"),
            new("ephemeralcontainers", new("", "v1", "Pod"), UpdateVerbs),
            new("eviction", new("policy", "v1", "Eviction"), "create"),
            new("exec", new("", "v1", "PodExecOptions"), "create", "get"),
            new("log", new("", "v1", "Pod"), "get"),
            new("portforward", new("", "v1", "PodPortForwardOptions"), "create", "get"),
            new("proxy", new("", "v1", "PodProxyOptions"), ProxyVerbs),
            new("resize", new("", "v1", "Pod"), UpdateVerbs),
        ],
        Default = PodRules.Default,
        Prepare = PodRules.Prepare,
        Validate = PodRules.Check,
        Parts = PodParts.All,
        Columns = PodCells.All,
        SelectableFields = new[] { "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName" }.ToDictionary(path => path),
    };

    public static readonly Kind PodTemplate = new("", "v1", "podtemplates", "PodTemplate", Scope.Namespaced)
    {
        HasGeneration = true,
        DeleteAnswersStatus = false,
        Default = item => PodTemplateRules.Default(item.Object("template")),
        Validate = (item, _) => PodTemplateRules.Check(item.Object("template"), "template"),
        Columns = [Cells.Name, Cells.Containers with { Priority = 0 }, Cells.Images with { Priority = 0 }, new("Pod Labels", (item, _) => Cells.LabelsText(item.Object("template").Object("metadata").Object("labels")))],
    };

    public static readonly Kind ReplicationController = new("", "v1", "replicationcontrollers", "ReplicationController", Scope.Namespaced)
    {
        ShortNames = ["rc"],
        Categories = ["all"],
        HasStatus = true,
        HasScale = true,
        HasGeneration = true,
        Default = ReplicationControllerRules.Default,
        Validate = ReplicationControllerRules.Check,
        Parts = ReplicaStatusRules.Parts,
        SelectableFields = new Dictionary<string, string> { ["status.replicas"] = "status.replicas" },
        Columns = [Cells.Name, Cells.Number("Desired", "spec.replicas"), Cells.Number("Current", "status.replicas"), Cells.Number("Ready", "status.readyReplicas"), Cells.Age, Cells.Containers, Cells.Images, Cells.Selector],
    };

    public static readonly Kind ResourceQuota = new("", "v1", "resourcequotas", "ResourceQuota", Scope.Namespaced)
    {
        ShortNames = ["quota"],
        HasStatus = true,
        DeleteAnswersStatus = false,
        Validate = QuotaRules.CheckQuota,
        Parts = new Dictionary<string, PartialUpdate> { [Subresource.StatusName] = new(QuotaRules.CheckQuotaStatus) },
        Columns = [Cells.Name, new("Request", (item, _) => QuotaRules.Usage(item, limits: false)), new("Limit", (item, _) => QuotaRules.Usage(item, limits: true)), Cells.Age],
    };

    public static readonly Kind Secret = new("", "v1", "secrets", "Secret", Scope.Namespaced)
    {
        Default = SecretRules.Default,
        Validate = SecretRules.Check,
        SelectableFields = new Dictionary<string, string> { ["type"] = "type" },
        Columns = [Cells.Name, Cells.Text("Type", "type"), new("Data", (item, _) => item.Object("data")?.Count ?? 0), Cells.Age],
    };

    public static readonly Kind ServiceAccount = new("", "v1", "serviceaccounts", "ServiceAccount", Scope.Namespaced)
    {
        ShortNames = ["sa"],
        DeleteAnswersStatus = false,
        Others = [new("token", new("authentication.k8s.io", "v1", "TokenRequest"), "create")],
        Columns = [Cells.Name, Cells.Age],
    };

    public static readonly Kind Service = new("", "v1", "services", "Service", Scope.Namespaced)
    {
        AllowsCreateOnUpdate = true,
        ShortNames = ["svc"],
        Categories = ["all"],
        HasStatus = true,
        DeleteAnswersStatus = false,
        Others = [new("proxy", new("", "v1", "ServiceProxyOptions"), ProxyVerbs)],
        Default = ServiceRules.Default,
        Prepare = ServiceRules.Prepare,
        PrepareUpdate = ServiceRules.PrepareUpdate,
        Validate = ServiceRules.Check,
        Parts = Networking.BalancerStatusRules.Service,
        SelectableFields = new Dictionary<string, string> { ["spec.clusterIP"] = "spec.clusterIP", ["spec.type"] = "spec.type" },
        Columns = ServiceRules.Columns,
    };

    public static IEnumerable<Kind> All =>
    [
        Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolumeClaim, PersistentVolume, Pod, PodTemplate,
        ReplicationController, ResourceQuota, Secret, ServiceAccount, Service,
    ];
}
