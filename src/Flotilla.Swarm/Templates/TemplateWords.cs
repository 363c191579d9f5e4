using System.Globalization;
using System.Text;

namespace Flotilla.Swarm.Templates;

internal enum WordKind
{
    Name,
    Field,
    Variable,
    Dot,
    Text,
    Number,
    Sign,
}

/// <summary>A word of an action. A field or variable is without its first letter.</summary>
/// <param name="IsApart">Blanks stand before it.</param>
internal readonly record struct Word(WordKind Kind, string Text, bool IsApart)
{
    public bool Is(string sign) => Kind == WordKind.Sign && Text == sign;

    public bool IsName(string name) => Kind == WordKind.Name && Text == name;
}

/// <summary>Splits what stands between <c>{{</c> and <c>}}</c>. Pure.</summary>
internal static class TemplateWords
{
    private const string Letters = "_";

    public static List<Word> Read(string action, int line)
    {
        List<Word> words = [];
        var at = 0;
        while (true)
        {
            var start = at;
            while (at < action.Length && char.IsWhiteSpace(action[at]))
            {
                at++;
            }

            if (at == action.Length)
            {
                return words;
            }

            words.Add(Next(action, ref at, at > start, line));
        }
    }

    private static Word Next(string action, ref int at, bool isApart, int line)
    {
        var first = action[at];
        switch (first)
        {
            case '"':
            case '`':
                return new Word(WordKind.Text, Quoted(action, ref at, line), isApart);
            case '.' when at + 1 < action.Length && IsLetter(action[at + 1]):
                at++;
                return new Word(WordKind.Field, Run(action, ref at), isApart);
            case '.':
                at++;
                return new Word(WordKind.Dot, ".", isApart);
            case '$':
                at++;
                return new Word(WordKind.Variable, Run(action, ref at), isApart);
            case ':' when at + 1 < action.Length && action[at + 1] == '=':
                at += 2;
                return new Word(WordKind.Sign, ":=", isApart);
            case '|' or '(' or ')' or ',' or '=':
                at++;
                return new Word(WordKind.Sign, first.ToString(), isApart);
            case '-' or '+' when at + 1 < action.Length && char.IsAsciiDigit(action[at + 1]):
                at++;
                return new Word(WordKind.Number, first + Run(action, ref at), isApart);
            default:
                return char.IsAsciiDigit(first) ? new Word(WordKind.Number, Run(action, ref at), isApart)
                    : IsLetter(first) ? new Word(WordKind.Name, Run(action, ref at), isApart)
                    : throw new TemplateException($"template: expansion:{line}: unexpected \"{first}\" in command");
        }
    }

    private static bool IsLetter(char letter) => char.IsLetterOrDigit(letter) || Letters.Contains(letter, StringComparison.Ordinal);

    private static string Run(string action, ref int at)
    {
        var start = at;
        while (at < action.Length && (IsLetter(action[at]) || (action[at] == '.' && char.IsAsciiDigit(action[start]))))
        {
            at++;
        }

        return action[start..at];
    }

    private static string Quoted(string action, ref int at, int line)
    {
        var quote = action[at++];
        var text = new StringBuilder();
        for (; at < action.Length; at++)
        {
            if (action[at] == quote)
            {
                at++;
                return text.ToString();
            }

            text.Append(action[at] == '\\' && quote == '"' && at + 1 < action.Length ? Escaped(action, ref at) : action[at].ToString());
        }

        throw new TemplateException($"template: expansion:{line}: unterminated quoted string");
    }

    private static string Escaped(string action, ref int at)
    {
        var letter = action[++at];
        if (letter == 'u' && at + 4 < action.Length && int.TryParse(action.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            at += 4;
            return ((char)code).ToString();
        }

        return letter switch { 'n' => "\n", 't' => "\t", 'r' => "\r", _ => letter.ToString() };
    }
}
