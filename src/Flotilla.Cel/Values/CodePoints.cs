using System.Text;

namespace Flotilla.Cel.Values;

/// <summary>Strings are sequences of code points; .NET's are of UTF-16 units.</summary>
internal static class CodePoints
{
    public static int Count(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            count -= char.IsSurrogatePair(text[i - 1], text[i]) ? 1 : 0;
        }
        return count;
    }

    public static string[] Split(string text) => [.. text.EnumerateRunes().Select(rune => rune.ToString())];

    public static string Slice(string text, int from, int to) =>
        IsBasic(text) ? text[from..to] : string.Concat(text.EnumerateRunes().Skip(from).Take(to - from));

    /// <summary>The index in code points of an index in UTF-16 units; -1 stays -1.</summary>
    public static int FromUnits(string text, int units) => units < 0 ? units : Count(text[..units]);

    /// <summary>The index in UTF-16 units of an index in code points.</summary>
    public static int ToUnits(string text, int points)
    {
        var units = 0;
        for (; points > 0 && units < text.Length; points--)
        {
            units += Rune.TryGetRuneAt(text, units, out var rune) ? rune.Utf16SequenceLength : 1;
        }
        return units;
    }

    private static bool IsBasic(string text) => !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
}
