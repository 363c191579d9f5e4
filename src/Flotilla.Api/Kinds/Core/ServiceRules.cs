using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class ServiceRules
{
    private const int AffinitySeconds = 10800;

    public static readonly IReadOnlyList<Column> Columns =
    [
        Cells.Name,
        Cells.Text("Type", "spec.type"),
        Cells.Text("Cluster-IP", "spec.clusterIP", absent: Cells.None),
        new("External-IP", (item, _) => ExternalAddress(item)),
        new("Port(s)", (item, _) => Ports(item.Object("spec"))),
        Cells.Age,
        Cells.Selector,
    ];

    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.DefaultText("sessionAffinity", "None");
        if (spec.String("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }
        else if (spec.String("sessionAffinity") == "ClientIP")
        {
            spec.Child("sessionAffinityConfig").Child("clientIP").Default("timeoutSeconds", AffinitySeconds);
        }

        spec.DefaultText("type", "ClusterIP");
        foreach (var point in item.Object("status").Object("loadBalancer").Objects("ingress").Where(point => point.String("ip") is { Length: > 0 }))
        {
            point.DefaultText("ipMode", "VIP");
        }

        foreach (var port in spec.Objects("ports"))
        {
            port.DefaultText("protocol", "TCP");
            if (port["targetPort"] is null || port.Integer("targetPort") == 0 || port.String("targetPort") is { Length: 0 })
            {
                port["targetPort"] = port.Integer("port") ?? 0;
            }
        }

        if (HasNodePorts(spec) || (spec.String("type") == "ClusterIP" && spec.Array("externalIPs") is { Count: > 0 }))
        {
            spec.DefaultText("externalTrafficPolicy", "Cluster");
        }

        if (spec.String("type") is "NodePort" or "LoadBalancer" or "ClusterIP")
        {
            spec.DefaultText("internalTrafficPolicy", "Cluster");
        }

        if (spec.String("type") == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }
    }

    /// <summary>A create carries no status; the single address and the list of addresses agree.</summary>
    public static void Prepare(JsonObject item)
    {
        item["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        var spec = item.Child("spec");
        SyncAddresses(spec);
    }

    /// <summary>Clients that do not repeat what was allocated keep it, unless the new type has no use for it.</summary>
    public static void PrepareUpdate(JsonObject item, JsonObject old)
    {
        var (spec, before) = (item.Child("spec"), old.Object("spec") ?? []);
        if (HasAddress(spec) && HasAddress(before))
        {
            foreach (var field in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy" })
            {
                if (spec[field] is null || spec.String(field) is { Length: 0 })
                {
                    spec[field] = before[field]?.DeepClone();
                }
            }
        }

        if (HasNodePorts(spec) && HasNodePorts(before))
        {
            KeepNodePorts(spec, before);
        }

        if (ServiceTrafficRules.NeedsHealthCheck(before))
        {
            UpdateHealthPort(spec, before);
        }

        if (!HasAddress(spec))
        {
            DropUnchanged(spec, before, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy");
        }

        if (!HasNodePorts(spec) && HasNodePorts(before))
        {
            DropNodePorts(spec, before);
            DropUnchanged(spec, before, "externalTrafficPolicy", "allocateLoadBalancerNodePorts");
        }

        if (spec.String("type") != "LoadBalancer" && before.String("type") == "LoadBalancer")
        {
            DropUnchanged(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass");
        }

        foreach (var empty in spec.Where(field => field.Value is null).Select(field => field.Key).ToArray())
        {
            spec.Remove(empty);
        }

        SyncAddresses(spec);
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old) => ServiceChecks.Check(item, old);

    public static bool HasAddress(JsonObject spec) => spec.String("type") is "ClusterIP" or "NodePort" or "LoadBalancer";

    public static bool HasNodePorts(JsonObject spec) => spec.String("type") is "NodePort" or "LoadBalancer";

    private static void SyncAddresses(JsonObject spec)
    {
        if (spec.String("clusterIP") is { Length: > 0 } address && spec.Array("clusterIPs") is not { Count: > 0 })
        {
            spec["clusterIPs"] = new JsonArray(address);
        }
    }

    private static void KeepNodePorts(JsonObject spec, JsonObject before)
    {
        var taken = spec.Objects("ports").Select(port => port.Integer("nodePort") ?? 0).ToHashSet();
        foreach (var port in spec.Objects("ports").Where(port => port.Integer("nodePort") is null or 0))
        {
            var same = before.Objects("ports").FirstOrDefault(other => other.String("protocol") == port.String("protocol") && other.Integer("port") == port.Integer("port"));
            if (same.Integer("nodePort") is > 0 and var number && taken.Add(number))
            {
                port["nodePort"] = number;
            }
        }
    }

    private static void UpdateHealthPort(JsonObject spec, JsonObject before)
    {
        if (!ServiceTrafficRules.NeedsHealthCheck(spec))
        {
            DropUnchanged(spec, before, "healthCheckNodePort");
        }
        else if (spec.Integer("healthCheckNodePort") is null or 0)
        {
            spec["healthCheckNodePort"] = before["healthCheckNodePort"]?.DeepClone();
        }
    }

    private static void DropNodePorts(JsonObject spec, JsonObject before)
    {
        var had = before.Objects("ports").Select(port => port.Integer("nodePort") ?? 0).ToHashSet();
        foreach (var port in spec.Objects("ports").Where(port => had.Contains(port.Integer("nodePort") ?? 0)))
        {
            port.Remove("nodePort");
        }
    }

    private static void DropUnchanged(JsonObject spec, JsonObject before, params string[] fields)
    {
        foreach (var field in fields.Where(field => spec[field].SameAs(before[field])))
        {
            spec.Remove(field);
        }
    }

    private static string ExternalAddress(JsonObject item)
    {
        var spec = item.Object("spec");
        var given = string.Join(",", (spec.Array("externalIPs") ?? []).Select(ip => ip.AsString()));
        switch (spec.String("type"))
        {
            case "ExternalName":
                return spec.String("externalName") ?? "";
            case "LoadBalancer":
                var assigned = string.Join(",", item.Object("status").Object("loadBalancer").Objects("ingress").Select(ingress => ingress.String("ip") ?? ingress.String("hostname")));
                var all = string.Join(",", new[] { assigned, given }.Where(text => text.Length > 0));
                return all.Length > 0 ? all : "<pending>";
            default:
                return given.Length > 0 ? given : Cells.None;
        }
    }

    private static string Ports(JsonObject? spec)
    {
        var text = string.Join(",", spec.Objects("ports").Select(port => port.Integer("nodePort") is > 0 and var node
            ? string.Create(CultureInfo.InvariantCulture, $"{port.Integer("port")}:{node}/{port.String("protocol")}")
            : string.Create(CultureInfo.InvariantCulture, $"{port.Integer("port")}/{port.String("protocol")}")));
        return text.Length == 0 ? Cells.None : text;
    }
}
