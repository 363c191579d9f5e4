using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Server.Http;

/// <summary>Names a field as apply does: with a leading dot, and elements of keyed lists by their keys.</summary>
internal static partial class AppliedPath
{
    /// <summary>E.g. <c>spec.ports[0].x</c> becomes <c>.spec.ports[port=80,protocol="TCP"].x</c>.</summary>
    public static string Of(JsonNode? value, TypeSchema? type, string path)
    {
        var text = new StringBuilder();
        FieldSchema? field = null;
        var shape = type is null ? ValueSchema.Any : new ValueSchema(ValueKind.Object, Type: type);
        foreach (Match step in Step().Matches(path))
        {
            if (step.Groups["name"] is { Success: true, Value: var name })
            {
                text.Append('.').Append(name);
                value = (value as JsonObject)?[name];
                field = shape.Type?.Fields.GetValueOrDefault(name);
                shape = field?.Value ?? shape.Element ?? ValueSchema.Any;
                continue;
            }

            var at = int.Parse(step.Groups["at"].Value, CultureInfo.InvariantCulture);
            value = (value as JsonArray)?[at];
            text.Append('[').Append(field?.Ownership == ListOwnership.Map ? Keys(value, field.MapKeys) : at.ToString(CultureInfo.InvariantCulture)).Append(']');
            shape = shape.Element ?? ValueSchema.Any;
        }

        return text.ToString();
    }

    private static string Keys(JsonNode? item, IReadOnlyList<string> keys) =>
        string.Join(',', keys.Order(StringComparer.Ordinal).Where(key => (item as JsonObject)?[key] is not null).Select(key => $"{key}={item![key]!.ToJsonString()}"));

    [GeneratedRegex(@"\[(?<at>\d+)\]|(?<name>[^.\[]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Step();
}
