using Flotilla.Api.Schema;

namespace Flotilla.Api.Protobuf;

/// <summary>
/// Which fields upstream's types hold by value: what JSON leaves out when it is zero, though the schema knows it as a
/// number, text or flag. Their zeros are written in protobuf; of fields held by reference only what is set.
/// </summary>
internal static class ValueFields
{
    public static bool Holds(string type, MessageField field) =>
        field.Value is MessageValue.String or MessageValue.Int32 or MessageValue.Int64 or MessageValue.Boolean
        && !field.IsRepeated && !field.IsMap
        && SchemaTable.BuiltIn.Named(type) is { } schema
        && schema.Fields.TryGetValue(field.Name, out var known)
        && ZeroValues.IsByValue(schema, known);
}
