using System.Globalization;
using System.Text;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Syntax;

/// <summary>The values of literal tokens.</summary>
internal static class Literals
{
    public static CelValue Parse(Token token, bool negative) => token.Kind switch
    {
        TokenKind.Int => ParseInt(token, negative),
        TokenKind.Uint => ParseUint(token),
        TokenKind.Double => new DoubleValue(double.Parse((negative ? "-" : "") + token.Text, CultureInfo.InvariantCulture)),
        TokenKind.String => new StringValue(Unquote(token, out var raw) is var body && raw ? body : Unescape(token, body)),
        _ => new BytesValue(ParseBytes(token)),
    };

    private static IntValue ParseInt(Token token, bool negative)
    {
        var hexadecimal = token.Text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var parsed = hexadecimal
            ? ulong.TryParse(token.Text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size)
            : ulong.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out size);
        if (!parsed || size > (ulong)long.MaxValue + (negative ? 1UL : 0UL))
        {
            throw new SyntaxException(token.Offset, "Syntax error: invalid int literal");
        }
        return new IntValue(negative ? unchecked(-(long)size) : (long)size);
    }

    private static UintValue ParseUint(Token token)
    {
        var digits = token.Text[..^1];
        var parsed = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return parsed ? new UintValue(value) : throw new SyntaxException(token.Offset, "Syntax error: invalid uint literal");
    }

    private static string Unquote(Token token, out bool raw)
    {
        var start = token.Text.AsSpan().IndexOfAny('"', '\'');
        raw = token.Text.AsSpan(0, start).IndexOfAny('r', 'R') >= 0;
        var body = token.Text[start..];
        var triple = body.Length >= 6 && body[1] == body[0] && body[2] == body[0];
        body = triple ? body[3..^3] : body[1..^1];
        return body.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
    }

    private static string Unescape(Token token, string body)
    {
        var text = new StringBuilder(body.Length);
        for (var at = 0; at < body.Length;)
        {
            if (body[at] != '\\')
            {
                text.Append(body[at++]);
                continue;
            }
            var (value, length, _) = Escapes.Read(token, body, at);
            if (!Rune.TryCreate(value, out var rune))
            {
                throw new SyntaxException(token.Offset, "Syntax error: invalid unicode code point");
            }
            text.Append(rune.ToString());
            at += length;
        }
        return text.ToString();
    }

    private static byte[] ParseBytes(Token token)
    {
        var body = Unquote(token, out var raw);
        if (raw)
        {
            return Encoding.UTF8.GetBytes(body);
        }
        var bytes = new List<byte>(body.Length);
        for (var at = 0; at < body.Length;)
        {
            if (body[at] != '\\')
            {
                var plain = body.IndexOf('\\', at);
                plain = plain < 0 ? body.Length : plain;
                bytes.AddRange(Encoding.UTF8.GetBytes(body[at..plain]));
                at = plain;
                continue;
            }
            var (value, length, isCodePoint) = Escapes.Read(token, body, at);
            bytes.AddRange(isCodePoint ? throw new SyntaxException(token.Offset, "Syntax error: unable to unescape string") : [(byte)value]);
            at += length;
        }
        return [.. bytes];
    }
}
