using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Api.CustomResources;

/// <summary>
/// What a custom resource's OpenAPI schema says about structure: which fields there are, what they default to and how
/// lists and maps are owned. Immutable. <see cref="Json"/> is the schema as written, with all value rules.
/// </summary>
public sealed class StructuralSchema
{
    private StructuralSchema(JsonObject json)
    {
        Json = json;
        Type = json.String("type") ?? "";
        Properties = (json.Object("properties") ?? []).Where(pair => pair.Value is JsonObject).ToDictionary(pair => pair.Key, pair => Of((JsonObject)pair.Value!), StringComparer.Ordinal);
        Items = json.Object("items") is { } items ? Of(items) : null;
        Values = json.Object("additionalProperties") is { } values ? Of(values) : null;
        AllowsAnyValue = json.Boolean("additionalProperties") == true;
        PreservesUnknown = json.Boolean("x-kubernetes-preserve-unknown-fields") == true;
        IsIntOrString = json.Boolean("x-kubernetes-int-or-string") == true;
        IsEmbedded = json.Boolean("x-kubernetes-embedded-resource") == true;
        IsNullable = json.Boolean("nullable") == true;
        Default = json["default"];
        ListType = json.String("x-kubernetes-list-type");
        MapKeys = [.. (json.Array("x-kubernetes-list-map-keys") ?? []).Select(key => key.AsString() ?? "")];
        IsAtomicMap = json.String("x-kubernetes-map-type") == "atomic";
        HasEmbedded = IsEmbedded || Children.Any(child => child.HasEmbedded);
        HasDefaults = Default is not null || Children.Any(child => child.HasDefaults);
    }

    public JsonObject Json { get; }

    public string Type { get; }

    public IReadOnlyDictionary<string, StructuralSchema> Properties { get; }

    public StructuralSchema? Items { get; }

    /// <summary>The schema of a map's values.</summary>
    public StructuralSchema? Values { get; }

    public bool AllowsAnyValue { get; }

    public bool PreservesUnknown { get; }

    public bool IsIntOrString { get; }

    public bool IsEmbedded { get; }

    public bool IsNullable { get; }

    public JsonNode? Default { get; }

    /// <summary><c>atomic</c>, <c>set</c>, <c>map</c> or null, which means atomic.</summary>
    public string? ListType { get; }

    public IReadOnlyList<string> MapKeys { get; }

    public bool IsAtomicMap { get; }

    /// <summary>Here or anywhere below.</summary>
    public bool HasEmbedded { get; }

    /// <summary>Here or anywhere below.</summary>
    public bool HasDefaults { get; }

    public IEnumerable<StructuralSchema> Children
    {
        get
        {
            foreach (var property in Properties.Values)
            {
                yield return property;
            }

            if (Items is not null)
            {
                yield return Items;
            }

            if (Values is not null)
            {
                yield return Values;
            }
        }
    }

    public static StructuralSchema Of(JsonObject json) => new(json);

    /// <summary>The shape for field ownership and apply; null where only the value itself tells.</summary>
    public ValueSchema? ToValueSchema(string name) => this switch
    {
        { IsIntOrString: true } => new ValueSchema(ValueKind.IntOrString),
        { Type: "string" } => new ValueSchema(ValueKind.String),
        { Type: "boolean" } => new ValueSchema(ValueKind.Boolean),
        { Type: "integer" } => new ValueSchema(ValueKind.Int64),
        { Type: "number" } => new ValueSchema(ValueKind.Double),
        { Type: "array", Items: { } items } => new ValueSchema(ValueKind.List, items.ToValueSchema(name) ?? ValueSchema.Any),
        { Type: "object", Values: { } values } => values.ToValueSchema(name) is { } element ? new ValueSchema(ValueKind.Map, element) : null,
        { Type: "object", Properties.Count: > 0 } or { IsEmbedded: true } => new ValueSchema(ValueKind.Object, Type: ToTypeSchema(name)),
        _ => null,
    };

    /// <summary>The type that field ownership and apply work with.</summary>
    public TypeSchema ToTypeSchema(string name)
    {
        var type = new TypeSchema(name) { Atomic = IsAtomicMap };
        foreach (var (property, schema) in Properties)
        {
            if (schema.ToValueSchema($"{name}.{property}") is { } value)
            {
                type.Fields[property] = schema.FieldOf(property, value);
            }
        }

        if (IsEmbedded)
        {
            AddIdentity(type);
        }

        return type;
    }

    /// <summary>Adds what every object has, whatever the schema says about it.</summary>
    public static void AddIdentity(TypeSchema type)
    {
        var text = new ValueSchema(ValueKind.String);
        type.Fields["apiVersion"] = new FieldSchema("apiVersion", text);
        type.Fields["kind"] = new FieldSchema("kind", text);
        type.Fields["metadata"] = new FieldSchema("metadata", new ValueSchema(ValueKind.Object, Type: ObjectMeta));
    }

    public static TypeSchema ObjectMeta => SchemaTable.BuiltIn["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"];

    private FieldSchema FieldOf(string name, ValueSchema value) => new(name, value)
    {
        Ownership = ListType switch { "set" => ListOwnership.Set, "map" => ListOwnership.Map, _ => ListOwnership.Atomic },
        MapKeys = MapKeys,
        AtomicMap = IsAtomicMap,
    };
}
