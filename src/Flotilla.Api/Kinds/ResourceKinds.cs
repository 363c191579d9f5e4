using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Resources;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>Devices and claims to them: group <c>resource.k8s.io</c>.</summary>
public static class ResourceKinds
{
    private const string GroupName = "resource.k8s.io";

    public static readonly Kind DeviceClass = new(GroupName, "v1", "deviceclasses", "DeviceClass", Scope.Cluster)
    {
        HasGeneration = true,
        Validate = DeviceClassRules.Check,
        Columns = [Cells.Name, Cells.Age],
    };

    public static readonly Kind ResourceClaim = new(GroupName, "v1", "resourceclaims", "ResourceClaim", Scope.Namespaced)
    {
        HasStatus = true,
        DeleteAnswersStatus = false,
        Default = item => DefaultRequests(item.Object("spec")),
        Validate = (item, old) => old is null ? ClaimRules.Check(item.Object("spec"), "spec") : FieldRules.Unchanged(item["spec"], old["spec"], "spec"),
        Parts = ClaimStatusRules.Parts,
        Columns = [Cells.Name, new("State", (item, _) => State(item)), Cells.Age],
    };

    public static readonly Kind ResourceClaimTemplate = new(GroupName, "v1", "resourceclaimtemplates", "ResourceClaimTemplate", Scope.Namespaced)
    {
        DeleteAnswersStatus = false,
        Default = item => DefaultRequests(item.Object("spec").Object("spec")),
        Validate = (item, old) => old is null ? ClaimRules.Check(item.Object("spec").Object("spec"), "spec.spec") : FieldRules.Unchanged(item["spec"], old["spec"], "spec"),
        Columns = [Cells.Name, Cells.Age],
    };

    public static readonly Kind ResourceSlice = new(GroupName, "v1", "resourceslices", "ResourceSlice", Scope.Cluster)
    {
        HasGeneration = true,
        DeleteAnswersStatus = false,
        Date = DeviceTaintRules.Date,
        SelectableFields = new Dictionary<string, string> { ["spec.nodeName"] = "spec.nodeName", ["spec.driver"] = "spec.driver" },
        Validate = SliceRules.Check,
        Columns = [Cells.Name, Cells.Text("Node", "spec.nodeName", absent: "<unset>"), Cells.Text("Driver", "spec.driver"), Cells.Text("Pool", "spec.pool.name"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice];

    private static void DefaultRequests(JsonObject? spec)
    {
        foreach (var request in spec.Object("devices").Objects("requests"))
        {
            DefaultRequest(request.Object("exactly"));
            foreach (var alternative in request.Objects("firstAvailable"))
            {
                DefaultRequest(alternative);
            }
        }
    }

    private static void DefaultRequest(JsonObject? request)
    {
        request?.DefaultText("allocationMode", "ExactCount");
        if (request.String("allocationMode") == "ExactCount" && request.Integer("count") is null or 0)
        {
            request!["count"] = 1;
        }
    }

    private static string State(JsonObject item)
    {
        var (metadata, status) = (item.Object("metadata"), item.Object("status"));
        var states = new List<string>();
        if (metadata.String("deletionTimestamp") is not null)
        {
            states.Add("deleted");
        }

        if (status.Object("allocation") is null)
        {
            if (metadata.String("deletionTimestamp") is null)
            {
                states.Add("pending");
            }
        }
        else
        {
            states.Add("allocated");
            if (status.Array("reservedFor") is { Count: > 0 })
            {
                states.Add("reserved");
            }
        }

        return string.Join(",", states);
    }
}
