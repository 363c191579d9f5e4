using System.Text.Json.Nodes;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Schemas;

/// <summary>
/// An object or map of JSON. The properties of an object are found by their escaped names, and one that is null counts as
/// absent; the keys of a map are what they are.
/// </summary>
internal sealed class SchemaObject(JsonObject json, StructuralSchema schema) : MapValue
{
    private readonly bool isObject = schema.Properties is not null;

    public override int Count => json.Count;

    public override CelValue? Find(CelValue key)
    {
        if (key is not StringValue text)
        {
            return ErrorValue.NoSuchOverload;
        }
        var name = isObject ? PropertyNames.Unescape(text.Value) : text.Value;
        if (name is null || !json.TryGetPropertyValue(name, out var node) || (isObject && node is null))
        {
            return null;
        }
        return Inner(name) is { } inner ? SchemaValues.Of(node, inner) : null;
    }

    public override IEnumerable<CelValue> Keys() => json
        .Where(property => Inner(property.Key) is not null && !(isObject && property.Value is null))
        .Select(property => isObject ? PropertyNames.Escape(property.Key) : property.Key)
        .OfType<string>().Select(name => new StringValue(name));

    internal override bool IsEqualTo(CelValue other) => other is SchemaObject theirs
        ? json.Count == theirs.Json.Count && json.All(property => Same(property.Key, property.Value, theirs)) : base.IsEqualTo(other);

    private JsonObject Json => json;

    /// <summary>What the schema does not know is compared as it is written.</summary>
    private bool Same(string name, JsonNode? node, SchemaObject other)
    {
        if (!other.Json.TryGetPropertyValue(name, out var theirs) || node is null || theirs is null)
        {
            return node is null && theirs is null && other.Json.ContainsKey(name);
        }
        return Inner(name) is { } mine && other.Inner(name) is { } otherInner
            ? SchemaValues.Of(node, mine).IsEqualTo(SchemaValues.Of(theirs, otherInner)) : JsonNode.DeepEquals(node, theirs);
    }

    private StructuralSchema? Inner(string name) => isObject ? schema.Properties!.GetValueOrDefault(name) : schema.AdditionalProperties;
}

/// <summary>An array of JSON.</summary>
internal sealed class SchemaList(JsonArray array, StructuralSchema items) : ListValue
{
    public override int Count => array.Count;

    public override CelValue this[int index] => SchemaValues.Of(array[index], items);
}
