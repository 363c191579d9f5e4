using System.Globalization;
using System.Net;

namespace Flotilla.Swarm.Templates;

/// <summary>What every template may call: Go's own functions, and Swarm's <c>join</c>. Pure.</summary>
internal static class TemplateFunctions
{
    public static readonly IReadOnlyDictionary<string, Func<IReadOnlyList<object?>, object?>> All = new Dictionary<string, Func<IReadOnlyList<object?>, object?>>(StringComparer.Ordinal)
    {
        ["and"] = words => words.FirstOrDefault(word => !IsTrue(word), words[^1]),
        ["or"] = words => words.FirstOrDefault(IsTrue, words[^1]),
        ["not"] = words => !IsTrue(words[0]),
        ["eq"] = words => words.Skip(1).Any(word => Compare(words[0], word) == 0),
        ["ne"] = words => Compare(words[0], words[1]) != 0,
        ["lt"] = words => Compare(words[0], words[1]) < 0,
        ["le"] = words => Compare(words[0], words[1]) <= 0,
        ["gt"] = words => Compare(words[0], words[1]) > 0,
        ["ge"] = words => Compare(words[0], words[1]) >= 0,
        ["len"] = words => words[0] switch { string text => (object)(long)System.Text.Encoding.UTF8.GetByteCount(text), IReadOnlyDictionary<string, object?> map => (long)map.Count, _ => throw Wrong("len", words[0]) },
        ["index"] = words => words.Skip(1).Aggregate(words[0], At),
        ["slice"] = words => words[0] is string text ? text[(int)Number(words, 1, 0)..(int)Number(words, 2, text.Length)] : throw Wrong("slice", words[0]),
        ["print"] = words => string.Concat(words.Select(Text)),
        ["println"] = words => string.Join(' ', words.Select(Text)) + "\n",
        ["printf"] = words => Format(Text(words[0]), [.. words.Skip(1)]),
        ["html"] = words => WebUtility.HtmlEncode(string.Concat(words.Select(Text))),
        ["urlquery"] = words => Uri.EscapeDataString(string.Concat(words.Select(Text))).Replace("%20", "+", StringComparison.Ordinal),
        ["join"] = words => string.Join(Text(words[0]), words.Skip(1).Select(Text)),
    };

    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool flag => flag,
        string text => text.Length > 0,
        long number => number != 0,
        double number => number != 0,
        IReadOnlyDictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>As Go prints a value.</summary>
    public static string Text(object? value) => value switch
    {
        null => "<no value>",
        bool flag => flag ? "true" : "false",
        IReadOnlyDictionary<string, object?> map => $"map[{string.Join(' ', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{Text(pair.Value)}"))}]",
        TemplateStruct many => $"{{{string.Join(' ', many.Fields.Values.Select(Text))}}}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static object? At(object? value, object? key) => value switch
    {
        IReadOnlyDictionary<string, object?> map => map.GetValueOrDefault(Text(key)) ?? "",
        string text when key is long at && at >= 0 && at < text.Length => (long)text[(int)at],
        _ => throw Wrong("index", value),
    };

    private static int Compare(object? left, object? right) => (left, right) switch
    {
        (string one, string other) => string.CompareOrdinal(one, other),
        (bool one, bool other) => one.CompareTo(other),
        (long or double, long or double) => Convert.ToDouble(left, CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(right, CultureInfo.InvariantCulture)),
        _ => throw new TemplateException("error calling eq: incompatible types for comparison"),
    };

    private static string Format(string format, IReadOnlyList<object?> values)
    {
        var text = new System.Text.StringBuilder();
        var next = 0;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                text.Append(format[at]);
                continue;
            }

            var end = at + 1;
            while (end < format.Length - 1 && (char.IsAsciiDigit(format[end]) || format[end] == '-'))
            {
                end++;
            }

            text.Append(format[end] == '%' ? "%" : next < values.Count ? Pad(Formatted(format[end], values[next++]), format[(at + 1)..end]) : $"%!{format[end]}(MISSING)");
            at = end;
        }

        return text.ToString();
    }

    private static string Formatted(char verb, object? value) => verb switch
    {
        'q' => $"\"{Text(value).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        'x' => value is long number ? number.ToString("x", CultureInfo.InvariantCulture) : Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(Text(value))),
        _ => Text(value),
    };

    private static string Pad(string text, string width) => !int.TryParse(width, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var wanted) ? text
        : wanted < 0 ? text.PadRight(-wanted)
        : text.PadLeft(wanted, width[0] == '0' ? '0' : ' ');

    private static long Number(IReadOnlyList<object?> words, int at, long absent) => words.Count <= at ? absent : words[at] is long number ? number : throw Wrong("slice", words[at]);

    private static TemplateException Wrong(string function, object? value) => new($"error calling {function}: {function} of type {value?.GetType().Name ?? "nil"}");
}
