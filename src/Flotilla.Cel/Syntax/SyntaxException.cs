namespace Flotilla.Cel.Syntax;

/// <summary>The text is not an expression. Never leaves a compilation.</summary>
internal sealed class SyntaxException(int offset, string message) : Exception(message)
{
    public int Offset => offset;
}
