using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The addresses of a service in the cluster, one of each family at most.</summary>
internal static class ServiceAddressRules
{
    private const string Fixed = "may not change once set";
    private const string PerFamily = "may specify no more than one IP for each IP family";

    public static IEnumerable<FieldError> Check(JsonObject spec)
    {
        if (spec.String("type") == "ExternalName")
        {
            return [];
        }

        var families = new HashSet<string>(StringComparer.Ordinal);
        var errors = CheckFirst(spec).Concat(FieldRules.EachText(spec, "ipFamilies", "spec", (family, at) =>
                (family is "IPv4" or "IPv6" ? Array.Empty<FieldError>() : [FieldError.NotSupported(at, family, ["IPv4", "IPv6"])]).Concat(families.Add(family) ? [] : [FieldError.Duplicate(at, family)])))
            .Concat(FieldRules.OneOf(spec, "ipFamilyPolicy", "spec", "PreferDualStack", "RequireDualStack", "SingleStack"));
        return errors.Concat(CheckAddresses(spec));
    }

    public static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject before)
    {
        if (spec.String("type") == "ExternalName" || before.String("type") == "ExternalName")
        {
            return CheckKept(spec, before);
        }

        var (isHeadless, wasHeadless) = (ServiceChecks.IsHeadless(spec), ServiceChecks.IsHeadless(before));
        var errors = isHeadless && wasHeadless ? [] : CheckChange(spec, before, "clusterIPs", "clusterIP");
        return errors.Concat(isHeadless || wasHeadless ? [] : CheckChange(spec, before, "ipFamilies", "ipFamily")).Concat(CheckKept(spec, before));
    }

    private static IEnumerable<FieldError> CheckFirst(JsonObject spec)
    {
        var (first, all) = (spec.String("clusterIP") ?? "", spec.Array("clusterIPs") ?? []);
        return (first.Length, all.Count) switch
        {
            ( > 0, 0) => [FieldError.Required("spec.clusterIPs")],
            ( > 0, _) when all[0].AsString() != first => [FieldError.Invalid("spec.clusterIPs", all.DeepClone(), "first value must match `clusterIP`")],
            (0, > 0) => [FieldError.Invalid("spec.clusterIPs", all.DeepClone(), "must be empty when `clusterIP` is not specified")],
            _ => [],
        };
    }

    private static IEnumerable<FieldError> CheckAddresses(JsonObject spec)
    {
        var all = (spec.Array("clusterIPs") ?? []).Select(address => address.AsString() ?? "").ToList();
        var errors = all.SelectMany((address, i) => i == 0 && address == "None"
            ? all.Count > 1 ? [FieldError.Invalid("spec.clusterIPs", spec["clusterIPs"]!.DeepClone(), "'None' must be the first and only value")] : []
            : FieldRules.Address(address, FieldRules.Indexed("spec.clusterIPs", i))).ToList();
        var isSound = errors.Count == 0;
        if (all.Count > 2)
        {
            errors.Add(FieldError.Invalid("spec.clusterIPs", spec["clusterIPs"]!.DeepClone(), "may only hold up to 2 values"));
        }

        if (isSound && all.Count > 1 && (all.TrueForAll(AddressRules.IsVersion6) || !all.Exists(AddressRules.IsVersion6)))
        {
            errors.Add(FieldError.Invalid("spec.clusterIPs", spec["clusterIPs"]!.DeepClone(), PerFamily));
        }

        return isSound && !ServiceChecks.IsHeadless(spec) ? errors.Concat(CheckFamilies(spec, all)) : errors;
    }

    private static IEnumerable<FieldError> CheckFamilies(JsonObject spec, List<string> addresses) =>
        addresses.Zip(spec.Array("ipFamilies") ?? []).Select((pair, i) => (pair.First, Family: pair.Second.AsString(), i))
            .Where(pair => pair.Family is "IPv4" or "IPv6" && AddressRules.IsVersion6(pair.First) != (pair.Family == "IPv6"))
            .Select(pair => FieldError.Invalid(FieldRules.Indexed("spec.clusterIPs", pair.i), pair.First, string.Create(CultureInfo.InvariantCulture, $"expected an {pair.Family} value as indicated by `ipFamilies[{pair.i}]`")));

    // The first stays; a second may come, and go when the policy says so.
    private static IEnumerable<FieldError> CheckChange(JsonObject spec, JsonObject before, string field, string what)
    {
        var (now, had) = (spec.Array(field) ?? [], before.Array(field) ?? []);
        if (now.Count == had.Count)
        {
            for (var i = 0; i < now.Count; i++)
            {
                if (!now[i].SameAs(had[i]))
                {
                    yield return FieldError.Invalid(FieldRules.Indexed($"spec.{field}", field == "clusterIPs" ? i : 0), now.DeepClone(), Fixed);
                }
            }

            yield break;
        }

        if (had.Count > now.Count && now.Count == 0)
        {
            yield return FieldError.Invalid($"spec.{field}[0]", now.DeepClone(), $"primary {what} can not be unset");
        }

        if (had.Count > 0 && now.Count > 0 && !now[0].SameAs(had[0]))
        {
            yield return FieldError.Invalid($"spec.{field}[0]", (field == "clusterIPs" ? now : spec["clusterIPs"])?.DeepClone(), Fixed);
        }

        if (had.Count > now.Count && now.Count == 1 && spec.String("ipFamilyPolicy") != "SingleStack")
        {
            yield return FieldError.Invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"]?.DeepClone(), $"must be set to 'SingleStack' when releasing the secondary {what}");
        }
    }

    private static IEnumerable<FieldError> CheckKept(JsonObject spec, JsonObject before)
    {
        if (spec.String("type") == "LoadBalancer" && before.String("type") == "LoadBalancer" && spec.String("loadBalancerClass") != before.String("loadBalancerClass"))
        {
            yield return FieldError.Invalid("spec.loadBalancerClass", spec["loadBalancerClass"]?.DeepClone(), Fixed);
        }

        if (ServiceTrafficRules.NeedsHealthCheck(spec) && ServiceTrafficRules.NeedsHealthCheck(before) && spec.Integer("healthCheckNodePort") != before.Integer("healthCheckNodePort"))
        {
            yield return FieldError.Forbidden("spec.healthCheckNodePort", FieldRules.Immutable);
        }
    }
}
