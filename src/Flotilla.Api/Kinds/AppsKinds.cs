using System.Globalization;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Apps;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>The workloads of group <c>apps</c>.</summary>
public static class AppsKinds
{
    public static readonly Kind ControllerRevision = new("apps", "v1", "controllerrevisions", "ControllerRevision", Scope.Namespaced)
    {
        Validate = ControllerRevisionRules.Check,
        Columns = [Cells.Name, new("Controller", (item, _) => ControllerRevisionRules.Controller(item)), new("Revision", (item, _) => item.Integer("revision") ?? 0), Cells.Age],
    };

    public static readonly Kind DaemonSet = new("apps", "v1", "daemonsets", "DaemonSet", Scope.Namespaced)
    {
        ShortNames = ["ds"],
        Categories = ["all"],
        HasStatus = true,
        HasGeneration = true,
        Default = DaemonSetRules.Default,
        Prepare = DaemonSetRules.Prepare,
        PrepareUpdate = DaemonSetRules.PrepareUpdate,
        Validate = DaemonSetRules.Check,
        Parts = WorkloadStatusRules.DaemonSet,
        Columns =
        [
            Cells.Name, Cells.Number("Desired", "status.desiredNumberScheduled"), Cells.Number("Current", "status.currentNumberScheduled"), Cells.Number("Ready", "status.numberReady"),
            Cells.Number("Up-to-date", "status.updatedNumberScheduled"), Cells.Number("Available", "status.numberAvailable"),
            new("Node Selector", (item, _) => Cells.LabelsText(item.Object("spec").Object("template").Object("spec").Object("nodeSelector"))),
            Cells.Age, Cells.Containers, Cells.Images, Cells.Selector,
        ],
    };

    public static readonly Kind Deployment = new("apps", "v1", "deployments", "Deployment", Scope.Namespaced)
    {
        ShortNames = ["deploy"],
        Categories = ["all"],
        HasStatus = true,
        HasScale = true,
        HasGeneration = true,
        Default = DeploymentRules.Default,
        Validate = DeploymentRules.Check,
        Parts = WorkloadStatusRules.Deployment,
        Columns =
        [
            Cells.Name,
            new("Ready", (item, _) => string.Create(CultureInfo.InvariantCulture, $"{item.Object("status").Integer("readyReplicas") ?? 0}/{item.Object("spec").Integer("replicas") ?? 0}")),
            Cells.Number("Up-to-date", "status.updatedReplicas") with { Type = "string" }, Cells.Number("Available", "status.availableReplicas") with { Type = "string" },
            Cells.Age, Cells.Containers, Cells.Images, Cells.Selector,
        ],
    };

    public static readonly Kind ReplicaSet = new("apps", "v1", "replicasets", "ReplicaSet", Scope.Namespaced)
    {
        ShortNames = ["rs"],
        Categories = ["all"],
        HasStatus = true,
        HasScale = true,
        HasGeneration = true,
        Default = ReplicaSetRules.Default,
        Validate = ReplicaSetRules.Check,
        Parts = ReplicaStatusRules.Parts,
        SelectableFields = new Dictionary<string, string> { ["status.replicas"] = "status.replicas" },
        Columns =
        [
            Cells.Name, Cells.Number("Desired", "spec.replicas"), Cells.Number("Current", "status.replicas"), Cells.Number("Ready", "status.readyReplicas"),
            Cells.Age, Cells.Containers, Cells.Images, Cells.Selector,
        ],
    };

    public static readonly Kind StatefulSet = new("apps", "v1", "statefulsets", "StatefulSet", Scope.Namespaced)
    {
        ShortNames = ["sts"],
        Categories = ["all"],
        HasStatus = true,
        HasScale = true,
        HasGeneration = true,
        Default = StatefulSetRules.Default,
        Validate = StatefulSetRules.Check,
        Parts = WorkloadStatusRules.StatefulSet,
        ValidateName = Names.CheckLabel,
        Columns =
        [
            Cells.Name,
            new("Ready", (item, _) => string.Create(CultureInfo.InvariantCulture, $"{item.Object("status").Integer("readyReplicas") ?? 0}/{item.Object("spec").Integer("replicas") ?? 0}")),
            Cells.Age, Cells.Containers, Cells.Images,
        ],
    };

    public static IEnumerable<Kind> All => [ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet];
}
