namespace Flotilla.Api.Selectors;

/// <summary>Splits a selector into words and symbols.</summary>
internal sealed class SelectorScanner(string text)
{
    private int at;

    public bool AtEnd
    {
        get
        {
            SkipSpace();
            return at >= text.Length;
        }
    }

    public static bool IsSymbol(string token) => token is "," or "!" or "=" or "==" or "!=" or "(" or ")" or ">" or "<";

    public string Peek()
    {
        var before = at;
        var token = Take();
        at = before;
        return token;
    }

    public bool TryTake(string token)
    {
        var before = at;
        if (Take() == token)
        {
            return true;
        }

        at = before;
        return false;
    }

    public string Take()
    {
        SkipSpace();
        if (at >= text.Length)
        {
            return "";
        }

        var start = at;
        switch (text[at++])
        {
            case '=' or '!' when at < text.Length && text[at] == '=':
                at++;
                break;
            case ',' or '(' or ')' or '=' or '!' or '>' or '<':
                break;
            default:
                while (at < text.Length && !char.IsWhiteSpace(text[at]) && !",()=!<>".Contains(text[at], StringComparison.Ordinal))
                {
                    at++;
                }

                break;
        }

        return text[start..at];
    }

    private void SkipSpace()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
    }
}
