using System.Text.Json.Nodes;
using Flotilla.Cel.Types;

namespace Flotilla.Cel.Schemas;

/// <summary>
/// The type a structural schema declares, with the most elements a value can have: as declared, or as many as fit into the
/// largest request. Null for what expressions cannot see.
/// </summary>
internal static class SchemaTypes
{
    internal const long MaxRequestBytes = 3 * 1024 * 1024;

    private const long MaxTimeLength = 32;
    private const long DateLength = 12;

    /// <summary><see cref="MinBytes"/> is the least a value takes in JSON; it bounds how many fit into a list.</summary>
    internal readonly record struct Declared(CelType Type, long MinBytes);

    public static Declared? Of(StructuralSchema schema, string name) => schema switch
    {
        { IsIntOrString: true } => new(CelType.Dyn.WithMaxElements(TextLength(schema)), 1),
        { Type: "array" } => OfArray(schema, name),
        { Type: "object", AdditionalProperties: { } values } => OfMap(schema, values, name),
        { Type: "object" } => OfObject(schema, name),
        { Type: "string" } => OfText(schema),
        { Type: "boolean" } => new(CelType.Bool.WithMaxElements(0), 4),
        { Type: "number" } => new(CelType.Double.WithMaxElements(0), 1),
        { Type: "integer" } => new(CelType.Int.WithMaxElements(0), 1),
        _ => null,
    };

    private static Declared? OfArray(StructuralSchema schema, string name)
    {
        if (schema.Items is null || Of(schema.Items, name + ".@elem") is not { } item)
        {
            return null;
        }
        var most = schema.MaxItems ?? (MaxRequestBytes - 2) / (item.MinBytes + 1);
        return new Declared(CelType.List(item.Type).WithMaxElements(most), 2);
    }

    private static Declared? OfMap(StructuralSchema schema, StructuralSchema values, string name)
    {
        if (Of(values, name + ".@elem") is not { } value)
        {
            return null;
        }
        var most = schema.MaxProperties ?? (MaxRequestBytes - 2) / (value.MinBytes + 6);
        return new Declared(CelType.Map(CelType.String.WithMaxElements(0), value.Type).WithMaxElements(most), 2);
    }

    private static Declared OfObject(StructuralSchema schema, string name)
    {
        var fields = new Dictionary<string, CelType>(StringComparer.Ordinal);
        var bytes = 2L;
        foreach (var (property, inner) in schema.Properties ?? new Dictionary<string, StructuralSchema>(StringComparer.Ordinal))
        {
            var identifier = PropertyNames.Escape(property);
            if (Of(inner, $"{name}.{identifier ?? property}") is not { } declared)
            {
                continue;
            }
            if (identifier is not null)
            {
                fields[identifier] = declared.Type;
            }
            bytes += schema.Required.Contains(property) && !inner.HasDefault ? property.Length + declared.MinBytes + 4 : 0;
        }
        return new Declared(CelType.Object(name, fields).WithMaxElements(0), bytes);
    }

    private static Declared OfText(StructuralSchema schema) => schema.Format switch
    {
        "byte" => new(CelType.Bytes.WithMaxElements(schema.MaxLength ?? MaxRequestBytes - 2), 2),
        "duration" => new(CelType.Duration.WithMaxElements(MaxTimeLength), 3),
        "date" => new(CelType.Timestamp.WithMaxElements(DateLength), DateLength),
        "date-time" => new(CelType.Timestamp.WithMaxElements(MaxTimeLength), 21),
        _ => new(CelType.String.WithMaxElements(TextLength(schema)), 2),
    };

    /// <summary>Declared lengths count code points of up to four bytes; costs count bytes.</summary>
    private static long TextLength(StructuralSchema schema) =>
        schema.MaxLength is { } most ? (most > long.MaxValue / 4 ? long.MaxValue : most * 4)
        : schema is { IsIntOrString: false, Enum.Count: > 0 } ? schema.Enum.Max(LengthOf)
        : MaxRequestBytes - 2;

    private static long LengthOf(JsonNode? value) =>
        value is JsonValue text && text.TryGetValue<string>(out var written) ? System.Text.Encoding.UTF8.GetByteCount(written) : 0;
}
