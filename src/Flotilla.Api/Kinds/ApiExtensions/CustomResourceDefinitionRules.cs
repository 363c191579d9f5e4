using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.ApiExtensions;

internal static class CustomResourceDefinitionRules
{
    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        var names = spec.Child("names");
        if (names.String("kind") is { Length: > 0 } kind)
        {
            names.DefaultText("singular", kind.ToLowerInvariant());
            names.DefaultText("listKind", kind + "List");
        }

        var conversion = spec.Child("conversion");
        conversion.DefaultText("strategy", "None");
        conversion.Object("webhook").Object("clientConfig").Object("service")?.Default("port", 443);
    }

    /// <summary>Versions that objects were stored in are remembered from the start.</summary>
    public static void Prepare(JsonObject item) => item["status"] = new JsonObject
    {
        ["conditions"] = null,
        ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
        ["storedVersions"] = new JsonArray(StorageVersions(item).Select(version => (JsonNode)version).ToArray()),
    };

    public static void PrepareUpdate(JsonObject item, JsonObject old)
    {
        var status = item.Child("status");
        var stored = status.Array("storedVersions") ?? [];
        foreach (var version in StorageVersions(item).Where(version => !stored.Any(existing => existing.AsString() == version)))
        {
            stored.Add(version);
        }

        status["storedVersions"] = stored.DeepClone();
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var names = spec.Object("names");
        var expected = $"{names.String("plural")}.{spec.String("group")}";
        if (item.Object("metadata").String("name") is var name && name != expected)
        {
            yield return FieldError.Invalid("metadata.name", name ?? "", "must be spec.names.plural+\".\"+spec.group");
        }

        foreach (var error in CheckNames(spec, names).Concat(CheckVersions(spec)).Concat(DefinitionRules.Check(item)))
        {
            yield return error;
        }

        if (old is null)
        {
            yield break;
        }

        var before = old.Object("spec");
        var established = old.Object("status").Objects("conditions").Any(condition => condition.String("type") == "Established" && condition.String("status") == "True");
        var fixedOnce = established ? FieldRules.Unchanged(spec?["scope"], before?["scope"], "spec.scope").Concat(FieldRules.Unchanged(names?["kind"], before.Object("names")?["kind"], "spec.names.kind")) : [];
        foreach (var error in fixedOnce.Concat(FieldRules.Unchanged(spec?["group"], before?["group"], "spec.group")).Concat(FieldRules.Unchanged(names?["plural"], before.Object("names")?["plural"], "spec.names.plural")).Concat(DefinitionRules.CheckStoredVersions(item)))
        {
            yield return error;
        }
    }

    private static IEnumerable<string> StorageVersions(JsonObject item) =>
        item.Object("spec").Objects("versions").Where(version => version.Boolean("storage") == true).Select(version => version.String("name") ?? "");

    private static IEnumerable<FieldError> CheckNames(JsonObject? spec, JsonObject? names)
    {
        if (spec.String("group") is not { Length: > 0 } group)
        {
            yield return FieldError.Required("spec.group");
        }
        else if (Names.CheckSubdomain(group) is { } wrong)
        {
            yield return FieldError.Invalid("spec.group", group, wrong);
        }
        else if (!group.Contains('.', StringComparison.Ordinal))
        {
            yield return FieldError.Invalid("spec.group", group, "should be a domain with at least one dot");
        }

        foreach (var error in FieldRules.RequiredOneOf(spec, "scope", "spec", "Cluster", "Namespaced"))
        {
            yield return error;
        }

        foreach (var field in new[] { "plural", "singular", "kind", "listKind" })
        {
            var isKind = field is "kind" or "listKind";
            if (names.String(field) is not { Length: > 0 } name)
            {
                yield return FieldError.Required($"spec.names.{field}");
            }
            else if (Names.CheckLabel1035(isKind ? name.ToLowerInvariant() : name) is { } wrong)
            {
                yield return FieldError.Invalid($"spec.names.{field}", name, (isKind ? "may have mixed case, but should otherwise match: " : "") + wrong);
            }
        }

        if (names.String("kind") is { Length: > 0 } kind && kind == names.String("listKind"))
        {
            yield return FieldError.Invalid("spec.names.listKind", kind, "kind and listKind may not be the same");
        }

        foreach (var list in new[] { "shortNames", "categories" })
        {
            foreach (var (name, i) in (names.Array(list) ?? []).Select((name, i) => (name.AsString() ?? "", i)))
            {
                if (Names.CheckLabel1035(name) is { } wrong)
                {
                    yield return FieldError.Invalid(FieldRules.Indexed($"spec.names.{list}", i), name, wrong);
                }
            }
        }
    }

    private static IEnumerable<FieldError> CheckVersions(JsonObject? spec)
    {
        var versions = spec.Objects("versions").ToList();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < versions.Count; i++)
        {
            var at = FieldRules.Indexed("spec.versions", i);
            var name = versions[i].String("name") ?? "";
            if (Names.CheckLabel1035(name) is { } wrong)
            {
                yield return FieldError.Invalid($"{at}.name", name, wrong);
            }

            if (!seen.Add(name))
            {
                yield return FieldError.Invalid("spec.versions", spec.Array("versions")!.DeepClone(), "must contain unique version names");
            }
        }

        if (versions.Count(version => version.Boolean("storage") == true) != 1)
        {
            yield return FieldError.Invalid("spec.versions", spec.Array("versions")?.DeepClone() ?? new JsonArray(), "must have exactly one version marked as storage version");
        }

        foreach (var error in versions.SelectMany((version, i) => VersionRules.Check(version, VersionRules.PathOf(versions, i), i)).Distinct())
        {
            yield return error;
        }
    }
}
