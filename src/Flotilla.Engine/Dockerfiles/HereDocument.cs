using System.Text;
using System.Text.RegularExpressions;

namespace Flotilla.Engine.Dockerfiles;

/// <summary>Lines that follow an instruction, up to the one that says their name: <c>&lt;&lt;NAME</c>. Pure.</summary>
/// <param name="Content">As it is written, with the last line's end.</param>
/// <param name="Expands">Variables in it mean their values: its name stands without quotes.</param>
/// <param name="StripsTabs">Tabs at the beginning of lines do not count: <c>&lt;&lt;-</c>.</param>
internal sealed partial record HereDocument(string Name, string Content, bool Expands, bool StripsTabs)
{
    /// <summary>What it says.</summary>
    public string Text => StripsTabs ? Tabs().Replace(Content, "") : Content;

    /// <summary>As it stood in the file, for a shell that reads it itself.</summary>
    public string Written => Content + Name;

    /// <summary>A word that announces one; without content.</summary>
    /// <returns>null: it is another word.</returns>
    public static HereDocument? Announced(string word)
    {
        if (Announcement().Match(word) is not { Success: true } found)
        {
            return null;
        }

        var name = Unquoted(found.Groups[2].Value);
        return new HereDocument(name, "", name == found.Groups[2].Value, found.Groups[1].Length > 0);
    }

    /// <summary>Reads it from the lines of a file.</summary>
    /// <param name="at">The line before; afterwards the one that ends it.</param>
    /// <exception cref="DockerfileException">The file ends before it does.</exception>
    public HereDocument Read(string[] lines, ref int at)
    {
        var first = at + 1;
        var content = new StringBuilder();
        while (++at < lines.Length)
        {
            if ((StripsTabs ? lines[at].TrimStart('\t') : lines[at]) == Name)
            {
                return this with { Content = content.ToString() };
            }

            content.Append(lines[at]).Append('\n');
        }

        throw new DockerfileException(first, $"unterminated heredoc: no line after this one says {Name} and nothing else");
    }

    private static string Unquoted(string word)
    {
        var text = new StringBuilder();
        var quote = '\0';
        foreach (var letter in word)
        {
            if (letter is '"' or '\'' && (quote == '\0' || quote == letter))
            {
                quote = quote == '\0' ? letter : '\0';
            }
            else if (letter != '\\')
            {
                text.Append(letter);
            }
        }

        return text.ToString();
    }

    [GeneratedRegex("^\\d*<<(-?)([^<]+)$", RegexOptions.None, 1000)]
    private static partial Regex Announcement();

    [GeneratedRegex("^\t+", RegexOptions.Multiline, 1000)]
    private static partial Regex Tabs();
}
