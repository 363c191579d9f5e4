using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Server.Allocation;

/// <summary>Which families of addresses a Service has: as asked for, else as its addresses say, else the cluster's first.</summary>
internal static class ServiceFamilies
{
    private const string Single = "SingleStack";
    private const string Prefer = "PreferDualStack";
    private const string Require = "RequireDualStack";
    private const string Policy = "ipFamilyPolicy";

    public static string NameOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    /// <summary>Fills in policy and families.</summary>
    /// <param name="configured">Those of the cluster, the first one first.</param>
    /// <returns>What is wrong with them.</returns>
    public static IReadOnlyList<FieldError> Complete(JsonObject spec, JsonObject? before, IReadOnlyList<string> configured)
    {
        // It is neither up- nor downgraded only because the cluster changed.
        if (spec.String(Policy) == Prefer && before.String(Policy) == Prefer && Same(spec, before, "clusterIPs") && Same(spec, before, "ipFamilies"))
        {
            return [];
        }

        var isAnybodys = spec.String("clusterIP") == "None" && spec.Object("selector") is not { Count: > 0 };
        if (string.IsNullOrEmpty(spec.String(Policy)))
        {
            spec[Policy] = before.String(Policy) is { Length: > 0 } policy ? policy : isAnybodys ? Require : Single;
        }

        List<FieldError> errors = [.. before is null ? [] : Reduce(spec, before), .. CheckSingle(spec)];
        errors.AddRange(Infer(spec, configured));
        if (errors.Count > 0)
        {
            return errors;
        }

        if (!isAnybodys && Unconfigured(spec, configured) is { Count: > 0 } unknown)
        {
            return unknown;
        }

        Fill(spec, configured, isAnybodys);
        return [];
    }

    private static void Fill(JsonObject spec, IReadOnlyList<string> configured, bool isAnybodys)
    {
        if (spec.Array("ipFamilies") is not { Count: > 0 })
        {
            spec["ipFamilies"] = new JsonArray(configured[0]);
        }

        // Whose endpoints others write may have any family.
        var families = spec.Array("ipFamilies")!;
        if (families.Count == 1 && spec.String(Policy) != Single && (isAnybodys || configured.Count == 2))
        {
            families.Add(families[0].AsString() == "IPv4" ? "IPv6" : "IPv4");
        }
    }

    private static IEnumerable<FieldError> Reduce(JsonObject spec, JsonObject before)
    {
        foreach (var (field, what) in ((string, string)[])[("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")])
        {
            var (now, had) = (spec.Array(field), before.Array(field)?.Count ?? 0);
            if (spec.String(Policy) != Single && now is { Count: > 0 } && now.Count < had)
            {
                yield return Invalid(spec, $"must be 'SingleStack' to release the secondary {what}");
            }
            else if (spec.String(Policy) == Single && now is { Count: > 1 } && Same(spec, before, field))
            {
                spec[field] = new JsonArray(now[0]!.DeepClone());
            }
        }
    }

    private static IEnumerable<FieldError> CheckSingle(JsonObject spec)
    {
        if (spec.String(Policy) != Single)
        {
            yield break;
        }

        if (spec.Array("clusterIPs") is { Count: 2 })
        {
            yield return Invalid(spec, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
        }

        if (spec.Array("ipFamilies") is { Count: 2 })
        {
            yield return Invalid(spec, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
        }
    }

    private static List<FieldError> Infer(JsonObject spec, IReadOnlyList<string> configured)
    {
        List<FieldError> errors = [];
        var addresses = spec.Array("clusterIPs") ?? [];
        for (var i = spec.Array("ipFamilies")?.Count ?? 0; i < addresses.Count; i++)
        {
            if (!IPAddress.TryParse(addresses[i].AsString(), out var address))
            {
                break;
            }

            var family = NameOf(address.AddressFamily);
            if (configured.Contains(family))
            {
                (spec.Array("ipFamilies") ?? (JsonArray)(spec["ipFamilies"] = new JsonArray())).Add(family);
            }
            else
            {
                errors.Add(FieldError.Invalid(FieldRules.Indexed("spec.clusterIPs", i), addresses.DeepClone(), $"{family} is not configured on this cluster"));
            }
        }

        return errors;
    }

    private static List<FieldError> Unconfigured(JsonObject spec, IReadOnlyList<string> configured)
    {
        List<FieldError> errors = [];
        if (spec.String(Policy) == Require && configured.Count < 2)
        {
            errors.Add(Invalid(spec, "this cluster is not configured for dual-stack services"));
        }

        var families = (spec.Array("ipFamilies") ?? []).Select(family => family.AsString() ?? "").ToList();
        for (var i = 0; i < families.Count; i++)
        {
            if (!configured.Contains(families[i]))
            {
                errors.Add(FieldError.Invalid(FieldRules.Indexed("spec.ipFamilies", i), families[i], "not configured on this cluster"));
            }
        }

        return errors;
    }

    private static bool Same(JsonObject spec, JsonObject? before, string field) => (spec.Array(field) ?? []).SameAs(before.Array(field) ?? []);

    private static FieldError Invalid(JsonObject spec, string detail) => FieldError.Invalid($"spec.{Policy}", spec[Policy]?.DeepClone(), detail);
}
