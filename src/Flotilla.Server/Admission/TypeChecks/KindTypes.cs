using Flotilla.Api.CustomResources;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Cel;
using Flotilla.Cel.Types;

namespace Flotilla.Server.Admission.TypeChecks;

/// <summary>The types that expressions see when they are checked against a kind's schema.</summary>
internal static class KindTypes
{
    public static CelType Of(Kind kind) => kind.Custom is { } custom ? OfCustom(custom) : Of(kind.Schema);

    // The schema may restrict names, but the metadata is everybody's.
    private static CelType OfCustom(CustomResource custom)
    {
        if (CelSchema.Read(custom.Schema.Json, custom.Type.Name, isResourceRoot: true)?.Type is not { } type)
        {
            return CelType.Dyn;
        }

        var metadata = Of(StructuralSchema.ObjectMeta);
        return CelType.Object(type.Name, name => name == "metadata" ? metadata : type.FieldNamed(name));
    }

    private static CelType Of(TypeSchema type) =>
        type.FreeForm ? CelType.Dyn : CelType.Object(type.Name, name => type.Fields.TryGetValue(Plain(name), out var field) ? Of(field.Value) : Implied(type, name));

    private static CelType Of(ValueSchema value) => value.Kind switch
    {
        ValueKind.String or ValueKind.Quantity => CelType.String,
        ValueKind.Int32 or ValueKind.Int64 => CelType.Int,
        ValueKind.Double => CelType.Double,
        ValueKind.Boolean => CelType.Bool,
        ValueKind.Bytes => CelType.Bytes,
        ValueKind.Time or ValueKind.MicroTime => CelType.Timestamp,
        ValueKind.Object => Of(value.Type!),
        ValueKind.List => CelType.List(Of(value.Element!)),
        ValueKind.Map => CelType.Map(CelType.String, Of(value.Element!)),
        _ => CelType.Dyn,
    };

    private static CelType? Implied(TypeSchema type, string name) => type.Kinds.Count > 0 && name is "kind" or "apiVersion" ? CelType.String : null;

    // Words of the language are written with underscores: __namespace__.
    private static string Plain(string name) =>
        name.Length > 4 && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) ? name[2..^2] : name;
}
