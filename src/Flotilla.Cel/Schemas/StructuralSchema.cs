using System.Text.Json.Nodes;

namespace Flotilla.Cel.Schemas;

/// <summary>One node of a structural schema, read once. Unknown keywords do not matter here.</summary>
internal sealed class StructuralSchema
{
    public StructuralSchema(JsonObject json, bool isResourceRoot = false)
    {
        Type = Text(json, "type");
        Format = Text(json, "format");
        IsIntOrString = Flag(json, "x-kubernetes-int-or-string");
        IsEmbedded = Flag(json, "x-kubernetes-embedded-resource");
        PreservesUnknown = Flag(json, "x-kubernetes-preserve-unknown-fields");
        IsNullable = Flag(json, "nullable");
        Default = json["default"];
        ListType = Text(json, "x-kubernetes-list-type");
        ListKeys = Texts(json, "x-kubernetes-list-map-keys");
        Required = Texts(json, "required").ToHashSet(StringComparer.Ordinal);
        Enum = json["enum"] as JsonArray;
        (MaxLength, MaxItems, MaxProperties) = (Number(json, "maxLength"), Number(json, "maxItems"), Number(json, "maxProperties"));
        Items = json["items"] is JsonObject items ? new StructuralSchema(items) : null;
        AdditionalProperties = json["additionalProperties"] is JsonObject values ? new StructuralSchema(values) : null;
        Properties = (json["properties"] as JsonObject)?.Where(property => property.Value is JsonObject)
            .ToDictionary(property => property.Key, property => new StructuralSchema((JsonObject)property.Value!), StringComparer.Ordinal);
        AllOf = (json["allOf"] as JsonArray)?.OfType<JsonObject>().ToList() ?? [];
        Validations = (json["x-kubernetes-validations"] as JsonArray)?.OfType<JsonObject>().ToList() ?? [];
        if (isResourceRoot || IsEmbedded)
        {
            Properties = WithResourceFields(Properties);
        }
    }

    public string Type { get; }

    public string Format { get; }

    public bool IsIntOrString { get; }

    public bool IsEmbedded { get; }

    public bool PreservesUnknown { get; }

    public bool IsNullable { get; }

    public JsonNode? Default { get; }

    public bool HasDefault => Default is not null;

    public string ListType { get; }

    public IReadOnlyList<string> ListKeys { get; }

    public IReadOnlySet<string> Required { get; }

    public JsonArray? Enum { get; }

    public long? MaxLength { get; }

    public long? MaxItems { get; }

    public long? MaxProperties { get; }

    public StructuralSchema? Items { get; }

    public StructuralSchema? AdditionalProperties { get; }

    public IReadOnlyDictionary<string, StructuralSchema>? Properties { get; }

    public IReadOnlyList<JsonObject> AllOf { get; }

    public IReadOnlyList<JsonObject> Validations { get; }

    /// <summary>At the root of a resource, expressions can always read its kind and two names.</summary>
    private static Dictionary<string, StructuralSchema> WithResourceFields(IReadOnlyDictionary<string, StructuralSchema>? declared)
    {
        var all = declared is null ? [] : new Dictionary<string, StructuralSchema>(declared, StringComparer.Ordinal);
        JsonObject Text() => new() { ["type"] = "string" };
        all["apiVersion"] = new StructuralSchema(Text());
        all["kind"] = new StructuralSchema(Text());
        all["metadata"] = new StructuralSchema(new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["name"] = Text(), ["generateName"] = Text() },
        });
        return all;
    }

    private static string Text(JsonObject json, string key) => json[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static bool Flag(JsonObject json, string key) => json[key] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static long? Number(JsonObject json, string key) =>
        JsonNumbers.TryLong(json[key], out var number) ? Math.Max(0, number) : null;

    private static List<string> Texts(JsonObject json, string key) =>
        (json[key] as JsonArray)?.OfType<JsonValue>().Select(value => value.TryGetValue<string>(out var text) ? text : "").ToList() ?? [];
}
