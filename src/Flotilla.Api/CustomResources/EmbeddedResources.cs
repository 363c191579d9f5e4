using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;

namespace Flotilla.Api.CustomResources;

/// <summary>Whole objects inside a custom resource: each has an apiVersion, a kind, and metadata like every other object.</summary>
internal static class EmbeddedResources
{
    /// <summary>Brings the metadata of all embedded objects to its form, and adds the paths of fields that metadata does not have.</summary>
    /// <exception cref="DecodeException">A field of the wrong type.</exception>
    public static void Normalize(JsonObject value, StructuralSchema schema, List<string> unknown)
    {
        foreach (var (embedded, path) in Find(value, schema, ""))
        {
            foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
            {
                if (embedded[name] is { } given && given.AsString() is null)
                {
                    throw new DecodeException($"{path}.{name}: Invalid value: {given.ToJsonString()}: must be a string");
                }
            }

            if (embedded.Object("metadata") is not { } metadata)
            {
                continue;
            }

            var normalizer = new Normalizer();
            normalizer.Normalize(metadata, StructuralSchema.ObjectMeta);
            unknown.AddRange(normalizer.UnknownFields.Select(field => $"{path}.metadata.{field}"));
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject value, StructuralSchema schema) => Find(value, schema, "").SelectMany(found => Check(found.Object, found.Path));

    private static IEnumerable<FieldError> Check(JsonObject embedded, string path)
    {
        foreach (var name in new[] { "apiVersion", "kind" }.Where(name => embedded.String(name) is not { Length: > 0 }))
        {
            yield return FieldError.Required($"{path}.{name}");
        }

        if (embedded.String("apiVersion") is { } version && version.Count(letter => letter == '/') > 1)
        {
            yield return FieldError.Invalid($"{path}.apiVersion", version, $"unexpected GroupVersion string: {version}");
        }

        if (embedded.String("kind") is { Length: > 0 } kind && Names.CheckLabel1035(kind.ToLowerInvariant()) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.kind", kind, $"may have mixed case, but should otherwise match: {wrong}");
        }

        foreach (var error in MetadataRules.CheckTemplate(embedded.Object("metadata"), $"{path}.metadata"))
        {
            yield return error;
        }
    }

    private static IEnumerable<(JsonObject Object, string Path)> Find(JsonNode? value, StructuralSchema schema, string path)
    {
        if (!schema.HasEmbedded)
        {
            yield break;
        }

        if (value is JsonObject self && schema.IsEmbedded)
        {
            yield return (self, path);
        }

        var children = value switch
        {
            JsonObject map => map.Select(pair => (pair.Value, Schema: schema.Properties.GetValueOrDefault(pair.Key) ?? schema.Values, Path: path.Length == 0 ? pair.Key : $"{path}.{pair.Key}")),
            JsonArray list => list.Select((item, i) => (item, Schema: schema.Items, Path: $"{path}[{i}]")),
            _ => [],
        };
        foreach (var (child, below, at) in children)
        {
            foreach (var found in below is null ? [] : Find(child, below, at))
            {
                yield return found;
            }
        }
    }
}
