namespace Flotilla.Cel.Syntax;

/// <summary>Walks over tokens and says what was expected when something else comes.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private int at;

    public Token Current => tokens[at];

    public Token Ahead => tokens[Math.Min(at + 1, tokens.Count - 1)];

    public Token Take()
    {
        var token = tokens[at];
        at = Math.Min(at + 1, tokens.Count - 1);
        return token;
    }

    public bool TryTake(string symbol, out Token token)
    {
        token = Current;
        if (!token.Is(symbol))
        {
            return false;
        }
        Take();
        return true;
    }

    public Token Expect(string symbol) =>
        Current.Is(symbol) ? Take() : throw Unexpected($"'{symbol}'");

    /// <summary>Whether <c>.name.name</c> from here on ends with a symbol.</summary>
    public bool DottedNameEndsWith(string symbol)
    {
        var ahead = at;
        while (ahead + 1 < tokens.Count && tokens[ahead].Is(".") && tokens[ahead + 1].Kind == TokenKind.Identifier)
        {
            ahead += 2;
        }
        return tokens[Math.Min(ahead, tokens.Count - 1)].Is(symbol);
    }

    public SyntaxException Unexpected(string expected)
    {
        var kind = Ahead.Kind == TokenKind.End && Current.Kind != TokenKind.End && expected == "<EOF>" ? "extraneous" : "mismatched";
        return new SyntaxException(Current.Offset, $"Syntax error: {kind} input '{Current.Shown}' expecting {expected}");
    }
}
