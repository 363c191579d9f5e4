using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Functions on text; positions count code points.</summary>
internal sealed class StringLibrary : ICelLibrary
{
    private static readonly CelType Text = CelType.String;
    private static readonly CelType Int = CelType.Int;

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        functions.Member("charAt", "string_char_at_int", [Text, Int], Text, values => CharAt(Of(values[0]), Number(values[1])));
        functions.Member("lowerAscii", "string_lower_ascii", [Text], Text, values => new StringValue(MapAscii(Of(values[0]), char.IsAsciiLetterUpper, 32)));
        functions.Member("upperAscii", "string_upper_ascii", [Text], Text, values => new StringValue(MapAscii(Of(values[0]), char.IsAsciiLetterLower, -32)));
        functions.Member("trim", "string_trim", [Text], Text, values => new StringValue(Of(values[0]).Trim()));
        functions.Member("substring", "string_substring_int", [Text, Int], Text, values => Substring(values[0], Number(values[1]), null));
        functions.Member("substring", "string_substring_int_int", [Text, Int, Int], Text, values => Substring(values[0], Number(values[1]), Number(values[2])));
        functions.Function("strings.quote", "strings_quote", [Text], Text, values => new StringValue(TextFormat.Quote(Of(values[0]))));
        functions.Member("format", "string_format", [Text, CelType.AnyList], Text, values => TextFormat.Format(Of(values[0]), (ListValue)values[1]));
        AddSearch(functions);
        AddPieces(functions);
    }

    private static void AddSearch(FunctionTable functions)
    {
        functions.Member("indexOf", "string_index_of_string", [Text, Text], Int, values => IndexOf(Of(values[0]), Of(values[1]), 0));
        functions.Member("indexOf", "string_index_of_string_int", [Text, Text, Int], Int, values => IndexOf(Of(values[0]), Of(values[1]), Number(values[2])));
        functions.Member("lastIndexOf", "string_last_index_of_string", [Text, Text], Int, values => LastIndexOf(values[0], Of(values[1]), null));
        functions.Member("lastIndexOf", "string_last_index_of_string_int", [Text, Text, Int], Int, values => LastIndexOf(values[0], Of(values[1]), Number(values[2])));
    }

    private static void AddPieces(FunctionTable functions)
    {
        var list = CelType.List(Text);
        functions.Member("join", "list_join", [list], Text, values => Join((ListValue)values[0], ""));
        functions.Member("join", "list_join_string", [list, Text], Text, values => Join((ListValue)values[0], Of(values[1])));
        functions.Member("split", "string_split_string", [Text, Text], list, values => Split(Of(values[0]), Of(values[1]), -1));
        functions.Member("split", "string_split_string_int", [Text, Text, Int], list, values => Split(Of(values[0]), Of(values[1]), Number(values[2])));
        functions.Member("replace", "string_replace_string_string", [Text, Text, Text], Text, values => Replace(values, -1));
        functions.Member("replace", "string_replace_string_string_int", [Text, Text, Text, Int], Text, values => Replace(values, Number(values[3])));
    }

    internal static string Of(CelValue value) => ((StringValue)value).Value;

    private static long Number(CelValue value) => ((IntValue)value).Value;

    private static ErrorValue OutOfRange(long index) => new($"index out of range: {index}");

    private static CelValue CharAt(string text, long index)
    {
        var points = CodePoints.Split(text);
        return index < 0 || index > points.Length ? OutOfRange(index) : new StringValue(index == points.Length ? "" : points[index]);
    }

    private static string MapAscii(string text, Func<char, bool> applies, int shift) =>
        string.Create(text.Length, text, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = applies(source[i]) ? (char)(source[i] + shift) : source[i];
            }
        });

    private static CelValue Substring(CelValue value, long start, long? end)
    {
        var size = value.Size!.Value;
        if (start < 0 || start > size)
        {
            return OutOfRange(start);
        }
        if (end is { } stop && (stop < 0 || stop > size))
        {
            return OutOfRange(stop);
        }
        return end < start ? new ErrorValue($"invalid substring range. start: {start}, end: {end}")
            : new StringValue(CodePoints.Slice(Of(value), (int)start, (int)(end ?? size)));
    }

    private static CelValue IndexOf(string text, string part, long from)
    {
        if (from < 0 || (from > CodePoints.Count(text) && part.Length > 0))
        {
            return OutOfRange(from);
        }
        return new IntValue(part.Length == 0 ? from
            : CodePoints.FromUnits(text, text.IndexOf(part, CodePoints.ToUnits(text, (int)from), StringComparison.Ordinal)));
    }

    private static CelValue LastIndexOf(CelValue value, string part, long? before)
    {
        var (text, size) = (Of(value), value.Size!.Value);
        if (before is { } index && (index < 0 || index >= size) && part.Length > 0)
        {
            return OutOfRange(index);
        }
        if (part.Length == 0)
        {
            return new IntValue(before ?? size);
        }
        var last = before is { } limit ? Math.Min(text.Length - part.Length, CodePoints.ToUnits(text, (int)limit)) : text.Length - part.Length;
        for (; last >= 0; last--)
        {
            if (string.CompareOrdinal(text, last, part, 0, part.Length) == 0)
            {
                return new IntValue(CodePoints.FromUnits(text, last));
            }
        }
        return new IntValue(-1);
    }

    private static CelValue Join(ListValue list, string separator)
    {
        var items = list.Items().ToList();
        return items.Find(item => item is not StringValue) is null ? new StringValue(string.Join(separator, items.Select(Of)))
            : ErrorValue.NoSuchOverload;
    }

    private static ListValue Split(string text, string separator, long limit)
    {
        string[] parts = limit switch
        {
            0 => [],
            1 => [text],
            _ when separator.Length > 0 => text.Split(separator, limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue), StringSplitOptions.None),
            _ => SplitCharacters(CodePoints.Split(text), limit),
        };
        return ListValue.Of([.. parts.Select(part => new StringValue(part))]);
    }

    private static string[] SplitCharacters(string[] points, long limit) => limit < 0 || limit >= points.Length ? points
        : [.. points[..(int)(limit - 1)], string.Concat(points[(int)(limit - 1)..])];

    private static StringValue Replace(CelValue[] values, long limit)
    {
        var (text, part, by) = (Of(values[0]), Of(values[1]), Of(values[2]));
        if (limit < 0 && part.Length > 0)
        {
            return new StringValue(text.Replace(part, by, StringComparison.Ordinal));
        }
        var count = limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue - 1);
        return new StringValue(part.Length > 0
            ? string.Join(by, text.Split(part, count + 1, StringSplitOptions.None)) : Surround(text, by, count));
    }

    private static string Surround(string text, string by, int count)
    {
        var points = CodePoints.Split(text);
        return string.Concat(points.Select((point, index) => index < count ? by + point : point)) + (count > points.Length ? by : "");
    }
}
