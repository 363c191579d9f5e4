using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Networking;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public static class NetworkingKinds
{
    private const string GroupName = "networking.k8s.io";

    public static readonly Kind IngressClass = new(GroupName, "v1", "ingressclasses", "IngressClass", Scope.Cluster)
    {
        HasGeneration = true,
        Default = item => item.Object("spec").Object("parameters")?.DefaultText("scope", "Cluster"),
        Validate = IngressRules.CheckClass,
        Columns =
        [
            Cells.Name, Cells.Text("Controller", "spec.controller"),
            new("Parameters", (item, _) => item.Object("spec").Object("parameters") is { } reference
                ? $"{reference.String("kind")}{(reference.String("apiGroup") is { Length: > 0 } group ? "." + group : "")}/{reference.String("name")}" : Cells.None),
            Cells.Age,
        ],
    };

    public static readonly Kind Ingress = new(GroupName, "v1", "ingresses", "Ingress", Scope.Namespaced)
    {
        ShortNames = ["ing"],
        HasStatus = true,
        HasGeneration = true,
        Validate = IngressRules.Check,
        Parts = BalancerStatusRules.Ingress,
        Columns = IngressRules.Columns,
    };

    public static readonly Kind IpAddress = new(GroupName, "v1", "ipaddresses", "IPAddress", Scope.Cluster)
    {
        ShortNames = ["ip"],
        ValidateName = name => FieldRules.IsAddress(name) ? null : "must be a valid IP address",
        Validate = CheckAddress,
        SelectableFields = new Dictionary<string, string>(),
        Columns = [Cells.Name, new("ParentRef", (item, _) => ParentText(item.Object("spec").Object("parentRef")))],
    };

    public static readonly Kind NetworkPolicy = new(GroupName, "v1", "networkpolicies", "NetworkPolicy", Scope.Namespaced)
    {
        ShortNames = ["netpol"],
        HasGeneration = true,
        Default = NetworkPolicyRules.Default,
        Validate = NetworkPolicyRules.Check,
        Columns = [Cells.Name, new("Pod-Selector", (item, _) => Cells.SelectorText(item.Object("spec").Object("podSelector"))), Cells.Age],
    };

    public static readonly Kind ServiceCidr = new(GroupName, "v1", "servicecidrs", "ServiceCIDR", Scope.Cluster)
    {
        HasStatus = true,
        Validate = CheckCidrs,
        Columns = [Cells.Name, new("CIDRs", (item, _) => string.Join(",", (item.Object("spec").Array("cidrs") ?? []).Select(cidr => cidr.AsString()))), Cells.Age],
    };

    public static IEnumerable<Kind> All => [IngressClass, Ingress, IpAddress, NetworkPolicy, ServiceCidr];

    private static string ParentText(JsonObject? parent) =>
        string.Join("/", new[] { $"{parent.String("resource")}{(parent.String("group") is { Length: > 0 } group ? "." + group : "")}", parent.String("namespace"), parent.String("name") }.Where(part => !string.IsNullOrEmpty(part)));

    private static IEnumerable<FieldError> CheckAddress(JsonObject item, JsonObject? old)
    {
        if (item.Object("spec").Object("parentRef") is not { } parent)
        {
            return [FieldError.Required("spec.parentRef")];
        }

        return FieldRules.Named(parent, "group", "spec.parentRef", Names.CheckSubdomain)
            .Concat(FieldRules.RequiredName(parent, "resource", "spec.parentRef", Names.CheckPathSegment)).Concat(FieldRules.RequiredName(parent, "name", "spec.parentRef", Names.CheckPathSegment))
            .Concat(FieldRules.Named(parent, "namespace", "spec.parentRef", Names.CheckPathSegment))
            .Concat(old is null ? [] : FieldRules.Unchanged(parent, old.Object("spec")?["parentRef"], "spec.parentRef"));
    }

    private static IEnumerable<FieldError> CheckCidrs(JsonObject item, JsonObject? old)
    {
        var cidrs = item.Object("spec").Array("cidrs");
        if (cidrs is not { Count: > 0 })
        {
            return [FieldError.Required("spec.cidrs", "at least one CIDR required")];
        }

        if (old is not null && old.Object("spec").Array("cidrs") is { Count: > 0 } had)
        {
            return CheckAdded(cidrs, had);
        }

        var all = cidrs.Select(cidr => cidr.AsString() ?? "").ToList();
        return (all.Count > 2 ? [FieldError.Invalid("spec", cidrs.DeepClone(), "may only hold up to 2 values")] : Array.Empty<FieldError>())
            .Concat(cidrs.SelectMany((cidr, i) => FieldRules.Network(cidr.AsString(), FieldRules.Indexed("spec.cidrs", i))))
            .Concat(all.Count == 2 && AddressRules.IsVersion6(all[0]) == AddressRules.IsVersion6(all[1])
                ? [FieldError.Invalid("spec", cidrs.DeepClone(), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96")] : []);
    }

    // A range may gain its other family; what it has, it keeps.
    private static IEnumerable<FieldError> CheckAdded(JsonArray cidrs, JsonArray had)
    {
        if (had.Count > cidrs.Count || (had.Count == cidrs.Count && !had.SameAs(cidrs)))
        {
            yield return FieldError.Invalid("spec.cidrs", cidrs.DeepClone(), FieldRules.Immutable);
        }
        else if (!cidrs[0].SameAs(had[0]))
        {
            yield return FieldError.Invalid("spec.cidrs[0]", cidrs[0]?.DeepClone(), FieldRules.Immutable);
        }
    }
}
