using System.Text;

namespace Flotilla.Engine.Dockerfiles;

/// <summary>Words of an instruction: split at blanks outside quotes, and with variables and quotes resolved as a shell does. Pure.</summary>
/// <param name="escape">Takes the meaning of the letter after it.</param>
/// <param name="variable">A variable's value; null: it is not set.</param>
internal sealed class ShellWords(char escape, Func<string, string?> variable)
{
    /// <summary>As they are written, quotes and all.</summary>
    public IReadOnlyList<string> Split(string text)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var quote = '\0';
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            if (letter == escape && quote != '\'' && at + 1 < text.Length)
            {
                word.Append(letter).Append(text[++at]);
                continue;
            }

            quote = quote == '\0' && letter is '"' or '\'' ? letter : letter == quote ? '\0' : quote;
            if (quote == '\0' && char.IsWhiteSpace(letter))
            {
                Take();
            }
            else
            {
                word.Append(letter);
            }
        }

        Take();
        return words;

        void Take()
        {
            if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }
    }

    /// <exception cref="FormatException">A quote or brace is not closed, or a variable that must be set is not.</exception>
    public string Expand(string word)
    {
        var at = 0;
        return Expand(word, ref at, end: null);
    }

    /// <summary>Lines in which quotes are letters like others.</summary>
    /// <exception cref="FormatException">A brace is not closed, or a variable that must be set is not.</exception>
    public string ExpandLines(string lines)
    {
        var text = new StringBuilder();
        for (var at = 0; at < lines.Length;)
        {
            if (lines[at] == '$')
            {
                text.Append(Variable(lines, ref at));
                continue;
            }

            at += lines[at] == escape && at + 1 < lines.Length ? 1 : 0;
            text.Append(lines[at++]);
        }

        return text.ToString();
    }

    private string Expand(string word, ref int at, char? end)
    {
        var text = new StringBuilder();
        while (at < word.Length && word[at] != end)
        {
            switch (word[at])
            {
                case '\'':
                    var close = word.IndexOf('\'', at + 1);
                    text.Append(close < 0 ? throw new FormatException("a single quote is not closed") : word[(at + 1)..close]);
                    at = close + 1;
                    break;
                case '"':
                    at++;
                    Quoted(word, ref at, text);
                    break;
                case '$':
                    text.Append(Variable(word, ref at));
                    break;
                case var letter when letter == escape:
                    at++;
                    text.Append(at < word.Length ? word[at++] : escape);
                    break;
                default:
                    text.Append(word[at++]);
                    break;
            }
        }

        return text.ToString();
    }

    private void Quoted(string word, ref int at, StringBuilder text)
    {
        while (at < word.Length && word[at] != '"')
        {
            if (word[at] == '$')
            {
                text.Append(Variable(word, ref at));
            }
            else if (word[at] == escape && at + 1 < word.Length && (word[at + 1] is '"' or '$' || word[at + 1] == escape))
            {
                text.Append(word[at + 1]);
                at += 2;
            }
            else
            {
                text.Append(word[at++]);
            }
        }

        if (at++ >= word.Length)
        {
            throw new FormatException("a double quote is not closed");
        }
    }

    private string Variable(string word, ref int at)
    {
        at++;
        if (at < word.Length && word[at] == '{')
        {
            at++;
            return Braced(word, ref at);
        }

        var name = Name(word, ref at);
        return name.Length == 0 ? "$" : variable(name) ?? "";
    }

    private string Braced(string word, ref int at)
    {
        var name = Name(word, ref at);
        if (name.Length == 0)
        {
            throw new FormatException("${ needs the name of a variable");
        }

        var value = variable(name);
        if (at < word.Length && word[at] == '}')
        {
            at++;
            return value ?? "";
        }

        var minds = at < word.Length && word[at] == ':';
        at += minds ? 1 : 0;
        var kind = at < word.Length ? word[at++] : '\0';
        if (kind is not ('-' or '+' or '?'))
        {
            throw new FormatException($"${{{name}...}} knows :-, :+ and :? only");
        }

        var other = Expand(word, ref at, '}');
        if (at++ >= word.Length)
        {
            throw new FormatException($"${{{name} is not closed");
        }

        var isSet = value is not null && !(minds && value.Length == 0);
        return kind switch
        {
            '-' => isSet ? value! : other,
            '+' => isSet ? other : "",
            _ => isSet ? value! : throw new FormatException($"{name}: {(other.Length > 0 ? other : "it is not set")}"),
        };
    }

    private static string Name(string word, ref int at)
    {
        var first = at;
        while (at < word.Length && (char.IsAsciiLetter(word[at]) || word[at] == '_' || (at > first && char.IsAsciiDigit(word[at]))))
        {
            at++;
        }

        return word[first..at];
    }
}
