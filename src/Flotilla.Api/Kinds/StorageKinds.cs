using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public static class StorageKinds
{
    private const string GroupName = "storage.k8s.io";

    public static readonly Kind CsiDriver = new(GroupName, "v1", "csidrivers", "CSIDriver", Scope.Cluster)
    {
        DeleteAnswersStatus = false,
        HasGeneration = false,
        Default = DefaultDriver,
        Validate = CheckDriver,
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
        DeleteAnswersStatus = false,
        Columns = [Cells.Name, Cells.Count("Drivers", "spec.drivers"), Cells.Age],
    };

    public static readonly Kind CsiStorageCapacity = new(GroupName, "v1", "csistoragecapacities", "CSIStorageCapacity", Scope.Namespaced)
    {
        DeleteAnswersStatus = false,
        Validate = CheckCapacity,
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
        Validate = CheckClass,
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
        HasStatus = true,
        DeleteAnswersStatus = false,
        Validate = CheckAttachment,
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
        Validate = (item, old) => Named(FieldRules.Required(item, "driverName", ""), "driverName")
            .Concat(old is null ? [] : FieldRules.Unchanged(item["driverName"], old["driverName"], "driverName").Concat(FieldRules.Unchanged(item["parameters"], old["parameters"], "parameters"))),
        Columns = [Cells.Name, Cells.Text("DriverName", "driverName"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [CsiDriver, CsiNode, CsiStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass];

    private static void DefaultDriver(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.Default("attachRequired", true);
        foreach (var flag in new[] { "podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount" })
        {
            spec.Default(flag, false);
        }

        spec.DefaultText("fsGroupPolicy", "ReadWriteOnceWithFSType");
        if (spec.Array("volumeLifecycleModes") is not { Count: > 0 })
        {
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
        }
    }

    private static IEnumerable<FieldError> CheckDriver(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        foreach (var error in FieldRules.OneOf(spec, "fsGroupPolicy", "spec", "File", "None", "ReadWriteOnceWithFSType"))
        {
            yield return error;
        }

        foreach (var mode in (spec.Array("volumeLifecycleModes") ?? []).Select(mode => mode.AsString() ?? ""))
        {
            if (mode is not ("Persistent" or "Ephemeral"))
            {
                yield return FieldError.NotSupported("spec.volumeLifecycleModes", mode, ["Ephemeral", "Persistent"]);
            }
        }

        foreach (var field in new[] { "attachRequired", "fsGroupPolicy", "volumeLifecycleModes" }.Where(_ => old is not null))
        {
            foreach (var error in FieldRules.Unchanged(spec?[field], old!.Object("spec")?[field], $"spec.{field}"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckClass(JsonObject item, JsonObject? old)
    {
        if (old is null)
        {
            return Named(FieldRules.Required(item, "provisioner", ""), "provisioner")
                .Concat(Named(FieldRules.OneOf(item, "reclaimPolicy", "", "Delete", "Retain"), "reclaimPolicy"))
                .Concat(Named(FieldRules.OneOf(item, "volumeBindingMode", "", "Immediate", "WaitForFirstConsumer"), "volumeBindingMode"));
        }

        IEnumerable<FieldError> errors = item["parameters"].SameAs(old["parameters"]) ? [] : [FieldError.Forbidden("parameters", "updates to parameters are forbidden.")];
        if (item.String("provisioner") != old.String("provisioner"))
        {
            errors = errors.Append(FieldError.Forbidden("provisioner", "updates to provisioner are forbidden."));
        }

        if (item.String("reclaimPolicy") != old.String("reclaimPolicy"))
        {
            errors = errors.Append(FieldError.Forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden."));
        }

        return errors.Concat(FieldRules.Unchanged(item["volumeBindingMode"], old["volumeBindingMode"], "volumeBindingMode"));
    }

    private static IEnumerable<FieldError> CheckCapacity(JsonObject item, JsonObject? old)
    {
        var errors = Named(FieldRules.Required(item, "storageClassName", ""), "storageClassName").Concat(FieldRules.NonNegativeAmount(item["capacity"], "capacity"));
        return old is null ? errors
            : errors.Concat(FieldRules.Unchanged(item["nodeTopology"], old["nodeTopology"], "nodeTopology")).Concat(FieldRules.Unchanged(item["storageClassName"], old["storageClassName"], "storageClassName"));
    }

    private static IEnumerable<FieldError> CheckAttachment(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = FieldRules.Required(spec, "attacher", "spec").Concat(FieldRules.Required(spec, "nodeName", "spec"));
        if (spec.Object("source") is not { Count: > 0 })
        {
            errors = errors.Append(FieldError.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName"));
        }

        return old is null ? errors : errors.Concat(FieldRules.Unchanged(spec, old.Object("spec"), "spec", "field is immutable"));
    }

    // Fields at the top of the object have no parent in their path.
    private static IEnumerable<FieldError> Named(IEnumerable<FieldError> errors, string field) => errors.Select(error => error with { Field = field });
}
