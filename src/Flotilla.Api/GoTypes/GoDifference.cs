using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.GoTypes;

/// <summary>
/// What has changed in an object, as upstream shows it in a refusal: the lines that differ between the two written as
/// the server's own versionless Go types, which name every field and leave none out.
/// </summary>
internal static class GoDifference
{
    /// <param name="name">Of the struct, e.g. <c>PodSpec</c>.</param>
    public static string Text(string name, JsonObject before, JsonObject after) => UnifiedDifference.Text(Lines(name, before), Lines(name, after));

    /// <summary>One struct as the server's own type, all fields named: the value that some refusals show.</summary>
    public static JsonObject Show(string name, JsonObject value) => Struct(name, value, null);

    private static string[] Lines(string name, JsonObject value) => GoJsonText.Indented(Struct(name, value, null)).Split('\n');

    private static JsonObject Struct(string name, JsonObject? value, JsonObject? enclosing)
    {
        var result = new JsonObject();
        Fill(result, name, value, enclosing);
        return result;
    }

    private static void Fill(JsonObject result, string name, JsonObject? value, JsonObject? enclosing)
    {
        var layout = GoStructs.BuiltIn.Versionless(name);
        foreach (var field in layout.Fields)
        {
            var given = (field.Place == GoPlace.Enclosing ? enclosing : value)?[field.Json];
            if (field.Place is GoPlace.Inline or GoPlace.EmbeddedField)
            {
                Fill(result, field.Type.Name, field.Place == GoPlace.Inline ? value : given as JsonObject, value);
            }
            else if (!layout.HasJsonNames)
            {
                result[field.Name] = Value(field.Type, given, value);
            }
            else if (given is not null)
            {
                result[field.Json] = Value(field.Type, given, value);
            }
        }
    }

    private static JsonNode? Value(GoType type, JsonNode? value, JsonObject? enclosing)
    {
        if (value is null && type.IsPointer)
        {
            return null;
        }

        return type.Kind switch
        {
            GoKind.Struct => Struct(type.Name, value as JsonObject, enclosing),
            GoKind.List => value is JsonArray items ? new JsonArray([.. items.Select(item => Value(type.Element!, item, enclosing))]) : null,
            GoKind.Map => value is JsonObject entries ? Map(type.Element!, entries) : null,
            _ => value?.DeepClone() ?? Zero(type.Kind),
        };
    }

    private static JsonObject Map(GoType element, JsonObject entries) =>
        new(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, Value(element, entry.Value, entries))));

    private static JsonValue? Zero(GoKind kind) => kind switch
    {
        GoKind.String => JsonValue.Create(""),
        GoKind.Boolean => JsonValue.Create(false),
        GoKind.Integer or GoKind.IntOrString => JsonValue.Create(0),
        GoKind.Quantity => JsonValue.Create("0"),
        _ => null,
    };
}
