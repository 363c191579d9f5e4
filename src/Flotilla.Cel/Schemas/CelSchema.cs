using System.Text.Json.Nodes;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>
/// A structural schema (OpenAPI v3 as in a CustomResourceDefinition) as a type to declare a variable with, and the values
/// of that type. Immutable and thread-safe.
/// </summary>
public sealed class CelSchema
{
    private readonly Schemas.StructuralSchema schema;

    private CelSchema(Schemas.StructuralSchema schema, CelType type)
    {
        this.schema = schema;
        Type = type;
    }

    public CelType Type { get; }

    /// <summary>Reads a schema; null when expressions cannot see values of it (no type, or items without one).</summary>
    /// <param name="name">What error messages call the type.</param>
    /// <param name="isResourceRoot">Whether kind, apiVersion and metadata's names are there without being declared.</param>
    public static CelSchema? Read(JsonObject schema, string name, bool isResourceRoot = false)
    {
        var structural = new Schemas.StructuralSchema(schema, isResourceRoot);
        return Schemas.SchemaTypes.Of(structural, name) is { } declared ? new CelSchema(structural, declared.Type) : null;
    }

    /// <summary>A value of the type; nothing is copied, so the JSON must not change during an evaluation.</summary>
    public CelValue Value(JsonNode? json) => Schemas.SchemaValues.Of(json, schema);
}
