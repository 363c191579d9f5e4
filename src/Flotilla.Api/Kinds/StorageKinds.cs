using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Storage;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

public static class StorageKinds
{
    private const string GroupName = "storage.k8s.io";

    public static readonly Kind CsiDriver = new(GroupName, "v1", "csidrivers", "CSIDriver", Scope.Cluster)
    {
        NeedsVersionOnUpdate = true,
        DeleteAnswersStatus = false,
        HasGeneration = false,
        Default = CsiRules.DefaultDriver,
        Validate = CsiRules.CheckDriver,
        Columns =
        [
            Cells.Name, Cells.Flag("AttachRequired", "spec.attachRequired"), Cells.Flag("PodInfoOnMount", "spec.podInfoOnMount"), Cells.Flag("StorageCapacity", "spec.storageCapacity"),
            new("TokenRequests", (item, _) => string.Join(",", item.Object("spec").Objects("tokenRequests").Select(request => request.String("audience"))) is { Length: > 0 } text ? text : "<unset>"),
            Cells.Flag("RequiresRepublish", "spec.requiresRepublish"),
            new("Modes", (item, _) => string.Join(",", (item.Object("spec").Array("volumeLifecycleModes") ?? []).Select(mode => mode.AsString())) is { Length: > 0 } text ? text : Cells.None),
            Cells.Age,
        ],
    };

    public static readonly Kind CsiNode = new(GroupName, "v1", "csinodes", "CSINode", Scope.Cluster)
    {
        NeedsVersionOnUpdate = true,
        DeleteAnswersStatus = false,
        Validate = CsiRules.CheckNode,
        Columns = [Cells.Name, Cells.Count("Drivers", "spec.drivers"), Cells.Age],
    };

    public static readonly Kind CsiStorageCapacity = new(GroupName, "v1", "csistoragecapacities", "CSIStorageCapacity", Scope.Namespaced)
    {
        NeedsVersionOnUpdate = true,
        DeleteAnswersStatus = false,
        Validate = CsiRules.CheckCapacity,
        Columns = [Cells.Name, Cells.CreatedAt],
    };

    public static readonly Kind StorageClass = new(GroupName, "v1", "storageclasses", "StorageClass", Scope.Cluster)
    {
        ShortNames = ["sc"],
        DeleteAnswersStatus = false,
        Default = item =>
        {
            item.DefaultText("reclaimPolicy", "Delete");
            item.DefaultText("volumeBindingMode", "Immediate");
        },
        Validate = ClassRules.Check,
        Columns =
        [
            new("Name", (item, _) => item.Object("metadata").Object("annotations").String("storageclass.kubernetes.io/is-default-class") == "true"
                ? item.Object("metadata").String("name") + " (default)" : item.Object("metadata").String("name"), Format: "name"),
            Cells.Text("Provisioner", "provisioner"), Cells.Text("ReclaimPolicy", "reclaimPolicy"), Cells.Text("VolumeBindingMode", "volumeBindingMode"),
            Cells.Flag("AllowVolumeExpansion", "allowVolumeExpansion") with { Type = "string" }, Cells.Age,
        ],
    };

    public static readonly Kind VolumeAttachment = new(GroupName, "v1", "volumeattachments", "VolumeAttachment", Scope.Cluster)
    {
        NeedsVersionOnUpdate = true,
        HasStatus = true,
        DeleteAnswersStatus = false,
        Validate = AttachmentRules.Check,
        Parts = AttachmentRules.Parts,
        Columns =
        [
            Cells.Name, Cells.Text("Attacher", "spec.attacher") with { Format = "name" }, Cells.Text("PV", "spec.source.persistentVolumeName"),
            Cells.Text("Node", "spec.nodeName"), Cells.Flag("Attached", "status.attached"), Cells.Age,
        ],
    };

    public static readonly Kind VolumeAttributesClass = new(GroupName, "v1", "volumeattributesclasses", "VolumeAttributesClass", Scope.Cluster)
    {
        ShortNames = ["vac"],
        DeleteAnswersStatus = false,
        Validate = ClassRules.CheckAttributes,
        Columns = [Cells.Name, Cells.Text("DriverName", "driverName"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [CsiDriver, CsiNode, CsiStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass];
}
