using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Cel.Libraries;
using Flotilla.Cel.Schemas;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Validation;

/// <summary>Bad values as errors show them.</summary>
internal static class Quoted
{
    public static string Of(string text) => TextFormat.Quote(text);

    /// <summary>A scalar as it is; null for an object or array, which errors leave out.</summary>
    public static string? Of(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Object or JsonValueKind.Array => null,
        JsonValueKind.String => Of(value.GetValue<string>()),
        JsonValueKind.Number => JsonNumbers.TryLong(value, out var number)
            ? number.ToString(CultureInfo.InvariantCulture) : GoNumbers.Shortest(JsonNumbers.Double(value)),
        var kind => kind == JsonValueKind.True ? "true" : "false",
    };
}
