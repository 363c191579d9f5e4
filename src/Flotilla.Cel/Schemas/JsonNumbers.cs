using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Cel.Schemas;

/// <summary>Numbers of JSON, whatever they were made from.</summary>
internal static class JsonNumbers
{
    public static bool TryLong(JsonNode? node, out long number)
    {
        number = 0;
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
        {
            return false;
        }
        return value.TryGetValue(out number)
            || long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    public static double Double(JsonNode number) =>
        double.Parse(number.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);
}
