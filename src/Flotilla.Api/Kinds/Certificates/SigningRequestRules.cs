using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Certificates;

/// <summary>What a CertificateSigningRequest must be, and what its approval and status may change. Pure.</summary>
public static class SigningRequestRules
{
    private const string LegacySigner = "kubernetes.io/legacy-unknown";
    private const int MaxSignerName = 571;
    private static readonly string[] Decisions = ["Approved", "Denied"];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        if (old is null)
        {
            if (SigningRequest.Parse(BytesOf(spec), out var problem) is null)
            {
                yield return FieldError.Invalid("spec.request", spec["request"]?.DeepClone() ?? "", problem);
            }

            foreach (var error in CheckUsages(spec).Concat(CheckSigner(spec.String("signerName") ?? "")))
            {
                yield return error;
            }

            if (spec.Integer("expirationSeconds") is < 600 and var seconds)
            {
                yield return FieldError.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)");
            }
        }
    }

    /// <summary>The approval adds or changes decisions and takes none away; the status changes everything but them.</summary>
    public static IEnumerable<FieldError> CheckChange(JsonObject item, JsonObject old, bool approval)
    {
        foreach (var error in Ratchet.Tolerate(CheckConditions(item), () => CheckConditions(old)))
        {
            yield return error;
        }

        foreach (var type in Decisions.Append("Failed"))
        {
            var (before, after) = (ConditionsOf(old, type), ConditionsOf(item, type));
            if (before.Count > after.Count)
            {
                yield return FieldError.Forbidden("status.conditions", $"updates may not remove a condition of type \"{type}\"");
            }
            else if (!approval && type != "Failed" && before.Count < after.Count)
            {
                yield return FieldError.Forbidden("status.conditions", $"updates may not add a condition of type \"{type}\"");
            }
            else if (!approval && type != "Failed" && !before.Zip(after).All(pair => pair.First.SameAs(pair.Second)))
            {
                yield return FieldError.Forbidden("status.conditions", $"updates may not modify a condition of type \"{type}\"");
            }
        }

        if (!approval && old.Object("status").String("certificate") is { Length: > 0 } issued && item.Object("status").String("certificate") != issued)
        {
            yield return FieldError.Forbidden("status.certificate", "updates may not modify existing certificate content");
        }
    }

    private static IEnumerable<FieldError> CheckConditions(JsonObject item)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (condition, i) in item.Object("status").Objects("conditions").Select((condition, i) => (condition, i)))
        {
            var at = FieldRules.Indexed("status.conditions", i);
            var (type, status) = (condition.String("type") ?? "", condition.String("status") ?? "");
            if (type.Length == 0)
            {
                yield return FieldError.Required($"{at}.type") with { Ratchet = "conditions without a type" };
            }

            string[] allowed = type is "Approved" or "Denied" or "Failed" ? ["True"] : ["True", "False", "Unknown"];
            if (status.Length == 0)
            {
                yield return FieldError.Required($"{at}.status");
            }
            else if (!allowed.Contains(status))
            {
                yield return FieldError.NotSupported($"{at}.status", status, allowed);
            }

            if (Decisions.Contains(type) && seen.Overlaps(Decisions.Where(other => other != type)))
            {
                yield return FieldError.Invalid($"{at}.type", type, "Approved and Denied conditions are mutually exclusive") with { Ratchet = "approval and denial" };
            }

            if (!seen.Add(type))
            {
                yield return FieldError.Duplicate($"{at}.type", type) with { Ratchet = "repeated conditions" };
            }
        }
    }

    private static IEnumerable<FieldError> CheckUsages(JsonObject spec)
    {
        var usages = (spec.Array("usages") ?? []).Select(usage => usage.AsString() ?? "").ToList();
        if (usages.Count == 0)
        {
            yield return FieldError.Required("spec.usages");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < usages.Count; i++)
        {
            if (!Usages.Known.Contains(usages[i]))
            {
                yield return FieldError.NotSupported(FieldRules.Indexed("spec.usages", i), usages[i], Usages.Known);
            }

            if (!seen.Add(usages[i]))
            {
                yield return FieldError.Duplicate(FieldRules.Indexed("spec.usages", i), usages[i]);
            }
        }
    }

    private static IEnumerable<FieldError> CheckSigner(string signer)
    {
        const string path = "spec.signerName";
        if (signer.Length == 0)
        {
            return [FieldError.Required(path)];
        }

        if (signer == LegacySigner)
        {
            return [FieldError.Invalid(path, signer, "the legacy signerName is not allowed via this API version")];
        }

        if (signer.Split('/') is not [var domain, var name])
        {
            return [FieldError.Invalid(path, signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
        }

        var errors = new List<FieldError>();
        errors.AddRange(((string[])[domain, name]).Where(part => Names.CheckSubdomain(part) is not null).Select(part => FieldError.Invalid(path, part, Names.CheckSubdomain(part)!)));
        if (!domain.Contains('.', StringComparison.Ordinal))
        {
            errors.Add(FieldError.Invalid(path, domain, "should be a domain with at least two segments separated by dots"));
        }

        if (signer.Length > MaxSignerName)
        {
            errors.Add(FieldError.TooLong(path, MaxSignerName));
        }

        return errors;
    }

    private static IReadOnlyList<JsonObject> ConditionsOf(JsonObject item, string type) =>
        [.. item.Object("status").Objects("conditions").Where(condition => condition.String("type") == type)];

    private static byte[] BytesOf(JsonObject spec)
    {
        var text = spec.String("request") ?? "";
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : [];
    }
}
