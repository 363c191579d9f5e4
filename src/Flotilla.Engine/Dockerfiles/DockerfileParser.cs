using System.Text;
using System.Text.RegularExpressions;

namespace Flotilla.Engine.Dockerfiles;

/// <summary>A Dockerfile as its instructions. Pure.</summary>
/// <param name="Escape">What continues a line, and takes a letter's meaning.</param>
internal sealed record Dockerfile(IReadOnlyList<Instruction> Instructions, char Escape);

/// <summary>Reads Dockerfiles: directives at the top, comments, continued lines, here-documents, flags. Pure.</summary>
internal static partial class DockerfileParser
{
    private static readonly string[] Keywords =
    [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ];

    private static readonly string[] WithFlags = ["ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"];

    private static readonly string[] WithDocuments = ["ADD", "COPY", "RUN"];

    /// <exception cref="DockerfileException">A line is none.</exception>
    public static Dockerfile Parse(string text)
    {
        var lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        var escape = EscapeOf(lines);
        List<Instruction> instructions = [];
        for (var at = 0; at < lines.Length; at++)
        {
            if (IsNothing(lines[at]))
            {
                continue;
            }

            var first = at + 1;
            var whole = new StringBuilder();
            for (var line = lines[at].TrimStart(); ; line = lines[at])
            {
                var (part, continues) = Split(line, escape);
                whole.Append(part);
                if (!continues)
                {
                    break;
                }

                // Comments and empty lines between are not part of it.
                while (++at < lines.Length && IsNothing(lines[at]))
                {
                }

                if (at >= lines.Length)
                {
                    break;
                }
            }

            var instruction = Of(first, whole.ToString().Trim());
            instructions.Add(instruction with { Documents = Documents(instruction, lines, ref at) });
        }

        return new Dockerfile(instructions, escape);
    }

    private static bool IsNothing(string line) => line.AsSpan().TrimStart() is [] or ['#', ..];

    private static (string Part, bool Continues) Split(string line, char escape)
    {
        var end = line.AsSpan().TrimEnd(" \t").Length;
        return end > 0 && line[end - 1] == escape ? (line[..(end - 1)], true) : (line, false);
    }

    private static char EscapeOf(string[] lines)
    {
        foreach (var (index, line) in lines.Index())
        {
            if (Directive().Match(line) is not { Success: true } directive)
            {
                break;
            }

            if (directive.Groups[1].Value.Equals("escape", StringComparison.OrdinalIgnoreCase))
            {
                return directive.Groups[2].Value is "\\" or "`" ? directive.Groups[2].Value[0] : throw new DockerfileException(index + 1, $"invalid escape token '{directive.Groups[2].Value}'; it is \\ or `");
            }
        }

        return '\\';
    }

    // Those that its words announce, in their order.
    private static IReadOnlyList<HereDocument> Documents(Instruction instruction, string[] lines, ref int at)
    {
        var keyword = instruction.Keyword == "ONBUILD" ? instruction.Rest.Split([' ', '\t'])[0].ToUpperInvariant() : instruction.Keyword;
        if (!WithDocuments.Contains(keyword))
        {
            return [];
        }

        List<HereDocument> documents = [];
        foreach (var announced in new ShellWords('\\', _ => null).Split(instruction.Rest).Select(HereDocument.Announced).OfType<HereDocument>())
        {
            documents.Add(announced.Read(lines, ref at));
        }

        return documents;
    }

    private static Instruction Of(int line, string text)
    {
        var end = text.AsSpan().IndexOfAny(' ', '\t');
        var (word, rest) = end < 0 ? (text, "") : (text[..end], text[end..].Trim());
        var keyword = word.ToUpperInvariant();
        if (!Keywords.Contains(keyword))
        {
            throw new DockerfileException(line, $"unknown instruction: {word}{(Nearest(keyword) is { } near ? $" (did you mean {near}?)" : $"; instructions are {string.Join(", ", Keywords)}")}");
        }

        List<string> flags = [];
        while (WithFlags.Contains(keyword) && Flag().Match(rest) is { Success: true } flag)
        {
            flags.Add(flag.Groups[1].Value);
            rest = rest[flag.Length..].TrimStart();
        }

        if (rest.Length == 0)
        {
            throw new DockerfileException(line, $"{keyword} requires {(keyword is "COPY" or "ADD" ? "at least two arguments: what to copy, and where to" : "at least one argument")}");
        }

        return new Instruction(line, keyword, flags, rest, text);
    }

    // A letter more, less or other, or two of them swapped.
    private static string? Nearest(string word) => Keywords.Select(keyword => (keyword, Distance: Distance(word, keyword))).Where(pair => pair.Distance <= 2 && pair.Distance < pair.keyword.Length - 1).OrderBy(pair => pair.Distance).Select(pair => pair.keyword).FirstOrDefault();

    private static int Distance(string left, string right)
    {
        var before = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var row = 1; row <= left.Length; row++)
        {
            var current = new int[right.Length + 1];
            current[0] = row;
            for (var column = 1; column <= right.Length; column++)
            {
                current[column] = Math.Min(Math.Min(before[column], current[column - 1]) + 1, before[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1));
            }

            before = current;
        }

        return before[^1];
    }

    [GeneratedRegex("^#\\s*([A-Za-z][A-Za-z0-9]*)\\s*=\\s*(.+?)\\s*$", RegexOptions.None, 1000)]
    private static partial Regex Directive();

    [GeneratedRegex("^(--[a-z-]+(=(\"[^\"]*\"|[^\\s\"])*)?)(\\s|$)", RegexOptions.None, 1000)]
    private static partial Regex Flag();
}
