namespace Flotilla.Cel.Syntax;

/// <summary>Cuts a text into tokens; the last is <see cref="TokenKind.End"/>.</summary>
internal sealed class Lexer(string text)
{
    private static readonly string[] Symbols =
        ["==", "!=", "<=", ">=", "&&", "||", "[", "]", "{", "}", "(", ")", ".", ",", ":", "?", "+", "-", "*", "/", "%", "!", "<", ">"];

    private int at;

    public static List<Token> Read(string text)
    {
        var lexer = new Lexer(text);
        var tokens = new List<Token>();
        do
        {
            tokens.Add(lexer.Next());
        }
        while (tokens[^1].Kind != TokenKind.End);
        return tokens;
    }

    private char Current => Peek(0);

    private Token Next()
    {
        SkipBlanks();
        var start = at;
        if (at >= text.Length)
        {
            return new Token(TokenKind.End, "", at);
        }
        if (StringPrefix() is { } prefix)
        {
            return ReadString(start, prefix);
        }
        if (char.IsAsciiLetter(Current) || Current == '_')
        {
            return ReadName(start);
        }
        if (char.IsAsciiDigit(Current) || (Current == '.' && char.IsAsciiDigit(Peek(1))))
        {
            return new NumberReader(text, at).Read(out at);
        }
        return Current == '`' ? ReadQuotedName(start) : ReadSymbol(start);
    }

    private char Peek(int ahead) => at + ahead < text.Length ? text[at + ahead] : '\0';

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t' or '\r' or '\n' or '\f' || (Current == '/' && Peek(1) == '/'))
        {
            if (Current == '/')
            {
                var end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
                continue;
            }
            at++;
        }
    }

    private Token ReadName(int start)
    {
        while (char.IsAsciiLetterOrDigit(Current) || Current == '_')
        {
            at++;
        }
        var name = text[start..at];
        return new Token(name is "true" or "false" or "null" or "in" ? TokenKind.Keyword : TokenKind.Identifier, name, start);
    }

    private Token ReadQuotedName(int start)
    {
        at++;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '_' or '.' or '-' or '/' or ' ')
        {
            at++;
        }
        if (Current != '`' || at == start + 1)
        {
            throw new SyntaxException(start, $"Syntax error: token recognition error at: '{text[start..Math.Min(at + 1, text.Length)]}'");
        }
        at++;
        return new Token(TokenKind.QuotedIdentifier, text[start..at], start);
    }

    private Token ReadSymbol(int start)
    {
        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(text, at, symbol, 0, symbol.Length) == 0)
            {
                at += symbol.Length;
                return new Token(TokenKind.Symbol, symbol, start);
            }
        }
        var length = char.IsHighSurrogate(Current) && char.IsLowSurrogate(Peek(1)) ? 2 : 1;
        throw new SyntaxException(start, $"Syntax error: token recognition error at: '{text.AsSpan(at, length)}'");
    }

    /// <summary>The length of the letters before an opening quote, or null when no string starts here.</summary>
    private int? StringPrefix()
    {
        var letters = 0;
        while (letters < 2 && Peek(letters) is 'r' or 'R' or 'b' or 'B')
        {
            letters++;
        }
        var distinct = letters < 2 || char.ToLowerInvariant(Peek(0)) != char.ToLowerInvariant(Peek(1));
        return Peek(letters) is '"' or '\'' && distinct ? letters : null;
    }

    private Token ReadString(int start, int prefix)
    {
        var letters = text[start..(start + prefix)].ToLowerInvariant();
        var raw = letters.Contains('r', StringComparison.Ordinal);
        at += prefix;
        var quote = Current;
        var triple = Peek(1) == quote && Peek(2) == quote;
        at += triple ? 3 : 1;
        while (!AtClosing(quote, triple))
        {
            if (at >= text.Length || (!triple && Current is '\n' or '\r'))
            {
                throw new SyntaxException(start, $"Syntax error: token recognition error at: '{Escape(text[start..at])}'");
            }
            at += Current == '\\' && !raw && at + 1 < text.Length ? 2 : 1;
        }
        at += triple ? 3 : 1;
        var kind = letters.Contains('b', StringComparison.Ordinal) ? TokenKind.Bytes : TokenKind.String;
        return new Token(kind, text[start..at], start);
    }

    private bool AtClosing(char quote, bool triple) =>
        Current == quote && (!triple || (Peek(1) == quote && Peek(2) == quote)) && at < text.Length;

    private static string Escape(string part) => part.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
}
