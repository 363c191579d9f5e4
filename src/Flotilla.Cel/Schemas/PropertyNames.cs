namespace Flotilla.Cel.Schemas;

/// <summary>
/// Property names that are no identifiers are escaped in expressions: <c>__dot__</c>, <c>__dash__</c>, <c>__slash__</c>,
/// <c>__underscores__</c>, and reserved words between double underscores. Other names cannot be reached.
/// </summary>
internal static class PropertyNames
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return", "var", "void", "while",
    };

    private static readonly (string Text, string Escape)[] Escapes =
        [("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")];

    public static string? Escape(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(IsAllowed))
        {
            return null;
        }
        return Reserved.Contains(name) ? $"__{name}__" : Replace(name, static pair => (pair.Text, pair.Escape));
    }

    /// <summary>The property an identifier in an expression means; null for an escape that does not exist.</summary>
    public static string? Unescape(string identifier)
    {
        if (!identifier.Contains("__", StringComparison.Ordinal))
        {
            return identifier;
        }
        if (identifier.Length > 4 && identifier.StartsWith("__", StringComparison.Ordinal) && identifier.EndsWith("__", StringComparison.Ordinal)
            && Reserved.Contains(identifier[2..^2]))
        {
            return identifier[2..^2];
        }
        var name = Replace(identifier, static pair => (pair.Escape, pair.Text));
        return string.Equals(Escape(name), identifier, StringComparison.Ordinal) ? name : null;
    }

    private static bool IsAllowed(char character) => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '-' or '/';

    private static string Replace(string text, Func<(string Text, string Escape), (string From, string To)> direction)
    {
        var result = new System.Text.StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var same = text[at].ToString();
            var (from, to) = Escapes.Select(direction)
                .Where(pair => string.CompareOrdinal(text, at, pair.From, 0, pair.From.Length) == 0).FirstOrDefault((same, same));
            result.Append(to);
            at += from.Length;
        }
        return result.ToString();
    }
}
