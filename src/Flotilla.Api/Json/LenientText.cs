using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Flotilla.Api.Json;

/// <summary>Text of JSON as Go reads it: what is not Unicode becomes U+FFFD instead of an error.</summary>
internal static class LenientText
{
    private const char Replacement = '\uFFFD';

    /// <summary>The string or property name the reader stands on.</summary>
    public static string Of(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // Rare enough that trying first costs nothing.
            var text = Encoding.UTF8.GetString(reader.ValueSpan);
            return reader.ValueIsEscaped ? Unescape(text) : text;
        }
    }

    private static string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            switch (text[++i])
            {
                case 'u':
                    result.Append((char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    i += 4;
                    break;
                case var simple:
                    result.Append(simple switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => simple });
                    break;
            }
        }

        return WithoutLoneSurrogates(result.ToString());
    }

    private static string WithoutLoneSurrogates(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune == Rune.ReplacementChar ? Replacement.ToString() : rune.ToString());
        }

        return result.ToString();
    }
}
