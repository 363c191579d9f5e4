namespace Flotilla.Cel.Syntax;

/// <summary>Reads one number: decimal or hexadecimal, unsigned with a trailing u, or with a fraction or exponent.</summary>
internal sealed class NumberReader
{
    private readonly string text;
    private readonly int start;
    private int at;

    public NumberReader(string text, int start)
    {
        this.text = text;
        this.start = start;
        at = start;
    }

    public Token Read(out int end)
    {
        var kind = Current == '0' && Peek(1) is 'x' or 'X' && char.IsAsciiHexDigit(Peek(2)) ? ReadHexadecimal() : ReadDecimal();
        end = at;
        return new Token(kind, text[start..at], start);
    }

    private char Current => Peek(0);

    private char Peek(int ahead) => at + ahead < text.Length ? text[at + ahead] : '\0';

    private TokenKind ReadHexadecimal()
    {
        at += 2;
        while (char.IsAsciiHexDigit(Current))
        {
            at++;
        }
        return TakeUnsigned();
    }

    private TokenKind ReadDecimal()
    {
        SkipDigits();
        var isDouble = false;
        if (Current == '.' && char.IsAsciiDigit(Peek(1)))
        {
            at++;
            SkipDigits();
            isDouble = true;
        }
        var sign = Peek(1) is '+' or '-' ? 1 : 0;
        if (Current is 'e' or 'E' && char.IsAsciiDigit(Peek(1 + sign)))
        {
            at += 1 + sign;
            SkipDigits();
            isDouble = true;
        }
        return isDouble ? TokenKind.Double : TakeUnsigned();
    }

    private TokenKind TakeUnsigned()
    {
        if (Current is not ('u' or 'U'))
        {
            return TokenKind.Int;
        }
        at++;
        return TokenKind.Uint;
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Current))
        {
            at++;
        }
    }
}
