using System.Globalization;
using System.Text;

namespace Flotilla.Api.Json;

/// <summary>
/// Finds the first byte at which a text stops being JSON, and says what was looked for there in the words of Go's
/// decoder, which clients know. Runs only after parsing has failed.
/// </summary>
internal ref struct GoJsonScanner
{
    private const string UnexpectedEnd = "unexpected end of JSON input";
    private const string Value = "looking for beginning of value";
    private const string Key = "looking for beginning of object key string";

    private readonly ReadOnlySpan<byte> text;
    private int at;
    private string? error;

    private GoJsonScanner(ReadOnlySpan<byte> text) => this.text = text;

    public static string Explain(ReadOnlySpan<byte> text)
    {
        var scanner = new GoJsonScanner(text);
        scanner.ScanValue(0);
        if (scanner.error is null && scanner.Next() >= 0)
        {
            scanner.Fail("after top-level value");
        }

        return scanner.error ?? UnexpectedEnd;
    }

    /// <summary>The next byte that is no white space; -1 at the end.</summary>
    private int Next()
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }

        return Here();
    }

    private readonly int Here() => at < text.Length ? text[at] : -1;

    private void Fail(string looking)
    {
        error ??= at >= text.Length ? UnexpectedEnd : $"invalid character {Quote()} {looking}";
    }

    private void ScanValue(int depth)
    {
        switch (Next())
        {
            case '{' when depth < 10_000:
                ScanObject(depth + 1);
                break;
            case '[' when depth < 10_000:
                ScanArray(depth + 1);
                break;
            case '"':
                ScanString();
                break;
            case '-' or (>= '0' and <= '9'):
                ScanNumber();
                break;
            case 't':
                ScanLiteral("true");
                break;
            case 'f':
                ScanLiteral("false");
                break;
            case 'n':
                ScanLiteral("null");
                break;
            default:
                Fail(Value);
                break;
        }
    }

    private void ScanObject(int depth)
    {
        at++;
        if (Next() == '}')
        {
            at++;
            return;
        }

        while (error is null)
        {
            if (Next() != '"')
            {
                Fail(Key);
                return;
            }

            ScanString();
            if (error is null && Next() != ':')
            {
                Fail("after object key");
            }

            at++;
            if (error is not null)
            {
                return;
            }

            ScanValue(depth);
            if (!Continues('}', "after object key:value pair"))
            {
                return;
            }
        }
    }

    private void ScanArray(int depth)
    {
        at++;
        if (Next() == ']')
        {
            at++;
            return;
        }

        do
        {
            ScanValue(depth);
        }
        while (Continues(']', "after array element"));
    }

    private bool Continues(char end, string looking)
    {
        if (error is not null)
        {
            return false;
        }

        var next = Next();
        if (next != ',' && next != end)
        {
            Fail(looking);
            return false;
        }

        at++;
        return next == ',';
    }

    private void ScanString()
    {
        at++;
        while (error is null)
        {
            switch (Here())
            {
                case '"':
                    at++;
                    return;
                case '\\':
                    at++;
                    ScanEscape();
                    break;
                case < ' ':
                    Fail("in string literal");
                    break;
                default:
                    at++;
                    break;
            }
        }
    }

    private void ScanEscape()
    {
        switch (Here())
        {
            case 'b' or 'f' or 'n' or 'r' or 't' or '\\' or '/' or '"':
                at++;
                break;
            case 'u':
                at++;
                for (var i = 0; i < 4 && error is null; i++, at++)
                {
                    if (Here() < 0 || !char.IsAsciiHexDigit((char)Here()))
                    {
                        Fail("in \\u hexadecimal character escape");
                    }
                }

                break;
            default:
                Fail("in string escape code");
                break;
        }
    }

    private void ScanNumber()
    {
        if (Here() == '-')
        {
            at++;
            if (!IsDigit())
            {
                Fail("in numeric literal");
                return;
            }
        }

        if (Here() == '0')
        {
            at++;
        }
        else
        {
            SkipDigits();
        }

        if (Here() == '.')
        {
            at++;
            RequireDigits("after decimal point in numeric literal");
        }

        if (error is null && Here() is 'e' or 'E')
        {
            at++;
            at += Here() is '+' or '-' ? 1 : 0;
            RequireDigits("in exponent of numeric literal");
        }
    }

    private void RequireDigits(string looking)
    {
        if (!IsDigit())
        {
            Fail(looking);
        }

        SkipDigits();
    }

    private void SkipDigits()
    {
        while (IsDigit())
        {
            at++;
        }
    }

    private readonly bool IsDigit() => Here() is >= '0' and <= '9';

    private void ScanLiteral(string literal)
    {
        foreach (var letter in literal)
        {
            if (Here() != letter)
            {
                Fail($"in literal {literal} (expecting '{letter}')");
                return;
            }

            at++;
        }
    }

    private readonly string Quote()
    {
        Rune.DecodeFromUtf8(text[at..], out var rune, out _);
        return rune.Value switch
        {
            '\'' => "'\\''",
            '"' => "'\"'",
            '\n' => "'\\n'",
            '\r' => "'\\r'",
            '\t' => "'\\t'",
            < 32 => string.Create(CultureInfo.InvariantCulture, $"'\\x{rune.Value:x2}'"),
            _ => $"'{rune}'",
        };
    }
}
