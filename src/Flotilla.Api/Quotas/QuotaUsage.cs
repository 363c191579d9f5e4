using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;

namespace Flotilla.Api.Quotas;

/// <summary>How one resource counts towards quotas: which names it feeds, and how much of each an object uses.</summary>
/// <param name="GroupResource"><c>pods</c>, <c>deployments.apps</c>.</param>
/// <param name="Extended">The extended resources that stand for device classes, by the class's name.</param>
public sealed record QuotaUsage(string GroupResource, IReadOnlyDictionary<string, string> Extended)
{
    /// <summary>Counted by what their device classes say, too.</summary>
    public const string ResourceClaims = "resourceclaims.resource.k8s.io";
    private const string ClassSuffix = ".storageclass.storage.k8s.io/";
    private static readonly Quantity One = Quantity.FromUnits(1);
    private static readonly string[] Counted = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas", "services", "persistentvolumeclaims", "pods"];

    private string CountName => $"count/{GroupResource}";

    /// <summary>Whether a quota's line is about this resource.</summary>
    public bool Covers(string name) => name == CountName || (Counted.Contains(GroupResource) && name == GroupResource) || GroupResource switch
    {
        "pods" => PodUsage.Covers(name),
        "services" => name is "services.loadbalancers" or "services.nodeports",
        "persistentvolumeclaims" => name == "requests.storage" || name.EndsWith(ClassSuffix + "requests.storage", StringComparison.Ordinal) || name.EndsWith(ClassSuffix + "persistentvolumeclaims", StringComparison.Ordinal),
        ResourceClaims => DeviceUsage.Covers(name, Extended),
        _ => false,
    };

    /// <summary>What one object uses, of all names it could be counted under.</summary>
    public AmountMap Of(JsonObject item, DateTimeOffset now)
    {
        if (GroupResource == "pods")
        {
            return PodUsage.Of(item, now);
        }

        var used = new AmountMap { [CountName] = One };
        if (Counted.Contains(GroupResource))
        {
            used[GroupResource] = One;
        }

        switch (GroupResource)
        {
            case "services":
                AddService(used, item.Object("spec"));
                break;
            case "persistentvolumeclaims":
                AddClaim(used, item);
                break;
            case ResourceClaims:
                DeviceUsage.Add(used, item, Extended);
                break;
        }

        return used;
    }

    private static void AddService(AmountMap used, JsonObject? spec)
    {
        var (type, ports) = (spec.String("type"), spec.Objects("ports").ToList());
        used["services.loadbalancers"] = Quantity.FromUnits(type == "LoadBalancer" ? 1 : 0);

        // A balancer that makes no node ports counts only those it names.
        used["services.nodeports"] = Quantity.FromUnits(type switch
        {
            "NodePort" => ports.Count,
            "LoadBalancer" when spec.Boolean("allocateLoadBalancerNodePorts") == false => ports.Count(port => port.Integer("nodePort") is > 0),
            "LoadBalancer" => ports.Count,
            _ => 0,
        });
    }

    private static void AddClaim(AmountMap used, JsonObject item)
    {
        var storageClass = item.Object("metadata").Object("annotations").String("volume.beta.kubernetes.io/storage-class") ?? item.Object("spec").String("storageClassName") ?? "";
        var requests = AmountMap.From(item.Object("spec").Object("resources").Object("requests"));
        requests.RaiseTo(AmountMap.From(item.Object("status").Object("allocatedResources")));
        if (storageClass.Length > 0)
        {
            used[$"{storageClass}{ClassSuffix}persistentvolumeclaims"] = One;
        }

        if (requests.TryGetValue("storage", out var storage))
        {
            used["requests.storage"] = storage;
            if (storageClass.Length > 0)
            {
                used[$"{storageClass}{ClassSuffix}requests.storage"] = storage;
            }
        }
    }
}
