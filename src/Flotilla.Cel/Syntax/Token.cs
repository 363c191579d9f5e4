namespace Flotilla.Cel.Syntax;

internal enum TokenKind
{
    End,
    Identifier,
    QuotedIdentifier,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Symbol,
    Keyword,
}

/// <summary>A piece of the text; <see cref="Text"/> is as written.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Offset)
{
    public bool Is(string symbol) =>
        Kind is TokenKind.Symbol or TokenKind.Keyword && string.Equals(Text, symbol, StringComparison.Ordinal);

    /// <summary>As syntax errors quote it.</summary>
    public string Shown => Kind == TokenKind.End ? "<EOF>" : Text;
}
