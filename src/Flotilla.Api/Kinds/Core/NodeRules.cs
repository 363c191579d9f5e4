using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class NodeRules
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static readonly IReadOnlyList<Column> Columns =
    [
        Cells.Name,
        new("Status", (item, _) => Status(item)),
        new("Roles", (item, _) => Roles(item)),
        Cells.Age,
        Cells.Text("Version", "status.nodeInfo.kubeletVersion"),
        new("Internal-IP", (item, _) => Address(item, "InternalIP"), 1),
        new("External-IP", (item, _) => Address(item, "ExternalIP"), 1),
        Cells.Text("OS-Image", "status.nodeInfo.osImage", 1, Cells.Unknown),
        Cells.Text("Kernel-Version", "status.nodeInfo.kernelVersion", 1, Cells.Unknown),
        Cells.Text("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", 1, Cells.Unknown),
    ];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        return old is null
            ? CheckTaints(spec).Concat(CheckAmounts(item)).Concat(CheckNetworks(spec))
            : CheckAmounts(item).Concat(CheckAddresses(item)).Concat(CheckKept(spec, old.Object("spec"))).Concat(CheckTaints(spec));
    }

    // Upstream says "metadata" of taints.
    private static IEnumerable<FieldError> CheckTaints(JsonObject? spec)
    {
        var seen = new HashSet<(string?, string?)>();
        return FieldRules.Each(spec, "taints", "metadata", (taint, at) => CheckTaint(taint, at).Concat(seen.Add((taint.String("key"), taint.String("effect"))) ? [] : [TaintDuplicate(taint, at)]));
    }

    private static IEnumerable<FieldError> CheckAmounts(JsonObject item) => new[] { "capacity", "allocatable" }.SelectMany(list =>
        (item.Object("status").Object(list) ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => ResourceRules.CheckAmount(pair.Key, pair.Value, $"status.{list}.{pair.Key}")));

    private static IEnumerable<FieldError> CheckAddresses(JsonObject item)
    {
        var seen = new HashSet<(string?, string?)>();
        return FieldRules.Each(item.Object("status"), "addresses", "status", (address, at) => seen.Add((address.String("type"), address.String("address"))) ? []
            : [FieldError.Duplicate(at, new JsonObject { ["Type"] = address.String("type"), ["Address"] = address.String("address") })]);
    }

    private static IEnumerable<FieldError> CheckNetworks(JsonObject? spec)
    {
        var networks = (spec.Array("podCIDRs") ?? []).Select(network => network.AsString() ?? "").ToList();
        var errors = FieldRules.EachText(spec, "podCIDRs", "spec", FieldRules.Network);
        return networks.Count > 1 && (networks.Count > 2 || networks.TrueForAll(AddressRules.IsVersion6) || !networks.Exists(AddressRules.IsVersion6))
            ? errors.Append(FieldError.Invalid("spec.podCIDRs", spec!["podCIDRs"]!.DeepClone(), "may specify no more than one CIDR for each IP family")) : errors;
    }

    private static IEnumerable<FieldError> CheckKept(JsonObject? spec, JsonObject? before)
    {
        if (before.Array("podCIDRs") is { Count: > 0 } had && !had.SameAs(spec.Array("podCIDRs")))
        {
            yield return FieldError.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        }

        if (before.String("providerID") is { Length: > 0 } provider && spec.String("providerID") != provider)
        {
            yield return FieldError.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
        }
    }

    private static FieldError TaintDuplicate(JsonObject taint, string path)
    {
        var shown = new JsonObject { ["key"] = taint.String("key"), ["value"] = taint.String("value"), ["effect"] = taint.String("effect") };
        var error = FieldError.Duplicate(path, shown);
        return error with { Body = error.Body + ": taints must be unique by key and effect pair" };
    }

    private static IEnumerable<FieldError> CheckTaint(JsonObject taint, string path)
    {
        if (Names.CheckLabelKey(taint.String("key") ?? "") is { } wrongKey)
        {
            yield return FieldError.Invalid($"{path}.key", taint.String("key") ?? "", wrongKey);
        }

        if (taint.String("value") is { Length: > 0 } value && Names.CheckLabelValue(value) is { } wrongValue)
        {
            yield return FieldError.Invalid($"{path}.value", value, wrongValue);
        }

        foreach (var error in FieldRules.RequiredOneOf(taint, "effect", path, "NoSchedule", "PreferNoSchedule", "NoExecute"))
        {
            yield return error;
        }
    }

    private static string Status(JsonObject item)
    {
        var ready = item.Object("status").Objects("conditions").FirstOrDefault(condition => condition.String("type") == "Ready");
        var text = ready is null ? "Unknown" : ready.String("status") == "True" ? "Ready" : "NotReady";
        return item.Object("spec").Boolean("unschedulable") == true ? text + ",SchedulingDisabled" : text;
    }

    private static string Roles(JsonObject item)
    {
        var roles = (item.Object("metadata").Object("labels") ?? [])
            .Select(label => label.Key.StartsWith(RolePrefix, StringComparison.Ordinal) ? label.Key[RolePrefix.Length..]
                : label.Key == "kubernetes.io/role" ? label.Value.AsString() ?? "" : "")
            .Where(role => role.Length > 0).Distinct().Order(StringComparer.Ordinal);
        var text = string.Join(",", roles);
        return text.Length == 0 ? Cells.None : text;
    }

    private static string Address(JsonObject item, string type) =>
        item.Object("status").Objects("addresses").FirstOrDefault(address => address.String("type") == type).String("address") ?? Cells.None;
}
