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

        foreach (var error in CheckNames(spec, names).Concat(CheckVersions(spec)))
        {
            yield return error;
        }

        if (old is null)
        {
            yield break;
        }

        var before = old.Object("spec");
        foreach (var error in FieldRules.Unchanged(spec?["group"], before?["group"], "spec.group").Concat(FieldRules.Unchanged(spec?["scope"], before?["scope"], "spec.scope"))
            .Concat(FieldRules.Unchanged(names?["kind"], before.Object("names")?["kind"], "spec.names.kind")).Concat(FieldRules.Unchanged(names?["plural"], before.Object("names")?["plural"], "spec.names.plural")))
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
            if (names.String(field) is not { Length: > 0 } name)
            {
                yield return FieldError.Required($"spec.names.{field}");
            }
            else if (Names.CheckLabel1035(name.ToLowerInvariant()) is { } wrong)
            {
                yield return FieldError.Invalid($"spec.names.{field}", name, wrong);
            }
        }

        if (names.String("kind") is { Length: > 0 } kind && kind == names.String("listKind"))
        {
            yield return FieldError.Invalid("spec.names.listKind", kind, "kind and listKind may not be the same");
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
                yield return FieldError.Invalid("spec.versions", name, "must contain unique version names");
            }

            if (versions[i].Object("schema").Object("openAPIV3Schema") is not { } schema)
            {
                yield return FieldError.Required($"{at}.schema.openAPIV3Schema");
            }
            else
            {
                foreach (var error in CheckSchema(schema, $"{at}.schema.openAPIV3Schema", isRoot: true))
                {
                    yield return error;
                }
            }
        }

        if (versions.Count(version => version.Boolean("storage") == true) != 1)
        {
            yield return FieldError.Invalid("spec.versions", spec.Array("versions")?.DeepClone() ?? new JsonArray(), "must have exactly one version marked as storage version");
        }
    }

    /// <summary>Schemas must say the type of everything they describe.</summary>
    private static IEnumerable<FieldError> CheckSchema(JsonObject schema, string path, bool isRoot = false)
    {
        var type = schema.String("type");
        if (isRoot && type != "object")
        {
            yield return type is null ? FieldError.Required($"{path}.type", "must not be empty at the root") : FieldError.Invalid($"{path}.type", type, "must be object at the root");
        }
        else if (string.IsNullOrEmpty(type) && schema.Boolean("x-kubernetes-preserve-unknown-fields") != true && schema.Boolean("x-kubernetes-int-or-string") != true)
        {
            yield return FieldError.Required($"{path}.type", "must not be empty for specified object fields");
        }

        if (type == "array" && schema["items"] is null)
        {
            yield return FieldError.Required($"{path}.items", "must be specified");
        }

        foreach (var (name, property) in (schema.Object("properties") ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (property is JsonObject child && !(isRoot && name == "metadata"))
            {
                foreach (var error in CheckSchema(child, $"{path}.properties[{name}]"))
                {
                    yield return error;
                }
            }
        }

        if (schema.Object("items") is { } items)
        {
            foreach (var error in CheckSchema(items, $"{path}.items"))
            {
                yield return error;
            }
        }

        if (schema.Object("additionalProperties") is { } values)
        {
            foreach (var error in CheckSchema(values, $"{path}.additionalProperties"))
            {
                yield return error;
            }
        }
    }

}
