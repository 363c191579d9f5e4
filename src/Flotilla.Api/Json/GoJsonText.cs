using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.Json;

/// <summary>JSON as Go's encoder spells it, for text that is hashed or compared line by line.</summary>
public static class GoJsonText
{
    /// <summary>Without spaces, names in order: what Go makes of a map.</summary>
    public static string Sorted(JsonNode? value)
    {
        var text = new StringBuilder();
        WriteSorted(text, value);
        return text.ToString();
    }

    /// <summary>One value a line, one space more for each level; names in the order given.</summary>
    public static string Indented(JsonNode? value)
    {
        var text = new StringBuilder();
        WriteIndented(text, value, 0);
        return text.ToString();
    }

    private static void WriteSorted(StringBuilder text, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject fields:
                var names = fields.OrderBy(field => field.Key, StringComparer.Ordinal);
                WriteAll(text, "{}", names, field =>
                {
                    Quote(text, field.Key);
                    text.Append(':');
                    WriteSorted(text, field.Value);
                });
                break;
            case JsonArray items:
                WriteAll(text, "[]", items, item => WriteSorted(text, item));
                break;
            default:
                WriteScalar(text, value);
                break;
        }
    }

    private static void WriteIndented(StringBuilder text, JsonNode? value, int depth)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } fields:
                WriteAll(text, "{}", fields, field =>
                {
                    NewLine(text, depth + 1);
                    Quote(text, field.Key);
                    text.Append(": ");
                    WriteIndented(text, field.Value, depth + 1);
                }, depth);
                break;
            case JsonArray { Count: > 0 } items:
                WriteAll(text, "[]", items, item =>
                {
                    NewLine(text, depth + 1);
                    WriteIndented(text, item, depth + 1);
                }, depth);
                break;
            default:
                WriteSorted(text, value);
                break;
        }
    }

    private static void WriteAll<T>(StringBuilder text, string brackets, IEnumerable<T> items, Action<T> write, int? closingDepth = null)
    {
        text.Append(brackets[0]);
        var start = text.Length;
        foreach (var item in items)
        {
            if (text.Length > start)
            {
                text.Append(',');
            }

            write(item);
        }

        if (closingDepth is { } depth)
        {
            NewLine(text, depth);
        }

        text.Append(brackets[1]);
    }

    private static void NewLine(StringBuilder text, int depth) => text.Append('\n').Append(' ', depth);

    private static void WriteScalar(StringBuilder text, JsonNode? value)
    {
        switch (value?.GetValueKind())
        {
            case null or JsonValueKind.Null:
                text.Append("null");
                break;
            case JsonValueKind.String:
                Quote(text, value.GetValue<string>());
                break;
            default:
                text.Append(value.ToJsonString());
                break;
        }
    }

    private static void Quote(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var letter in value)
        {
            switch (letter)
            {
                case '"' or '\\':
                    text.Append('\\').Append(letter);
                    break;
                case '\b':
                    text.Append("\\b");
                    break;
                case '\f':
                    text.Append("\\f");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '\r':
                    text.Append("\\r");
                    break;
                case '\t':
                    text.Append("\\t");
                    break;
                case < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029':
                    text.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
                    break;
                default:
                    text.Append(letter);
                    break;
            }
        }

        text.Append('"');
    }
}
