using System.Globalization;

namespace Flotilla.Cel.Syntax;

/// <summary>Backslash escapes of string and bytes literals.</summary>
internal static class Escapes
{
    private const string Letters = "abfnrtv\\'\"`?";
    private const string Meanings = "\a\b\f\n\r\t\v\\'\"`?";

    /// <summary>What the escape at <paramref name="at"/> stands for, how long it is, and whether it names a code point.</summary>
    public static (int Value, int Length, bool IsCodePoint) Read(Token token, string body, int at)
    {
        var kind = at + 1 < body.Length ? body[at + 1] : '\0';
        var letter = Letters.IndexOf(kind, StringComparison.Ordinal);
        return kind switch
        {
            'x' or 'X' => Digits(token, body, at + 2, 2, isCodePoint: false),
            'u' => Digits(token, body, at + 2, 4, isCodePoint: true),
            'U' => Digits(token, body, at + 2, 8, isCodePoint: true),
            >= '0' and <= '3' => Octal(token, body, at + 1),
            _ when letter >= 0 && kind != '\0' => (Meanings[letter], 2, false),
            _ => throw Bad(token),
        };
    }

    private static (int Value, int Length, bool IsCodePoint) Digits(Token token, string body, int at, int count, bool isCodePoint)
    {
        if (at + count > body.Length
            || !uint.TryParse(body.AsSpan(at, count), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value > 0x10FFFF)
        {
            throw Bad(token);
        }
        return ((int)value, count + 2, isCodePoint);
    }

    private static (int Value, int Length, bool IsCodePoint) Octal(Token token, string body, int at)
    {
        var value = 0;
        for (var i = at; i < at + 3; i++)
        {
            value = i < body.Length && body[i] is >= '0' and <= '7' ? (value * 8) + (body[i] - '0') : throw Bad(token);
        }
        return (value, 4, false);
    }

    private static SyntaxException Bad(Token token) => new(token.Offset, "Syntax error: unable to unescape string");
}
