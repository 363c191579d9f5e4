using System.Text;

namespace Flotilla.Parity;

/// <summary>One call of the docker CLI that both engines get.</summary>
/// <param name="Until">A pattern: the call is repeated until its output has it.</param>
/// <param name="IsSorted">The client goes through a map: the order of its lines is chance.</param>
/// <param name="Reason">Why the two answers differ; null: they must not.</param>
internal sealed record Step(string Section, string[] Arguments, string? Until, bool IsSorted, Reason? Reason)
{
    public string Line => "docker " + string.Join(' ', Arguments);
}

/// <summary>Why answers differ.</summary>
/// <param name="Mask">What differs: the rest of the answers must be the same. Null: all of them.</param>
internal sealed record Reason(string Name, string? Mask, string Text);

/// <summary>The calls in their order, and the reasons of those that differ.</summary>
internal sealed record Script(IReadOnlyList<Step> Steps, IReadOnlyDictionary<string, Reason> Reasons)
{
    /// <summary>
    /// Lines: <c>reason NAME TEXT</c> or <c>reason NAME /MASK/ TEXT</c>; <c>## section</c>; <c>differs NAME</c> about the next call;
    /// <c>until /PATTERN/ ARGUMENTS</c>, <c>sorted ARGUMENTS</c> or the arguments alone, quoted as a shell would have it. <c>$NODE</c> is the
    /// machine's host name, <c>#</c> begins a comment.
    /// </summary>
    public static Script Read(string path)
    {
        var steps = new List<Step>();
        var reasons = new Dictionary<string, Reason>(StringComparer.Ordinal);
        var section = "";
        Reason? reason = null;
        foreach (var line in File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = line[3..];
            }
            else if (line.StartsWith("reason ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ', 3);
                var (mask, text) = Pattern(parts[2]);
                reasons.Add(parts[1], new Reason(parts[1], mask, text));
            }
            else if (line.StartsWith("differs ", StringComparison.Ordinal))
            {
                reason = reasons[line[8..]];
            }
            else if (line[0] != '#')
            {
                var (until, call) = line.StartsWith("until /", StringComparison.Ordinal) ? Pattern(line[6..]) : (null, line);
                var isSorted = call.StartsWith("sorted ", StringComparison.Ordinal);
                steps.Add(new Step(section, Words(isSorted ? call[7..] : call), until, isSorted, reason));
                reason = null;
            }
        }

        return new Script(steps, reasons);
    }

    private static (string? Pattern, string Text) Pattern(string text)
    {
        var end = text[0] == '/' ? text.IndexOf("/ ", 1, StringComparison.Ordinal) : -1;
        return end < 0 ? (null, text) : (text[1..end], text[(end + 2)..]);
    }

    private static string[] Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quote = '\0';
        var isOpen = false;
        foreach (var letter in line)
        {
            if (letter == quote || (quote == '\0' && letter is '\'' or '"'))
            {
                quote = quote == '\0' ? letter : '\0';
                isOpen = true;
            }
            else if (letter == ' ' && quote == '\0')
            {
                Close();
            }
            else
            {
                word.Append(letter);
                isOpen = true;
            }
        }

        Close();
        return [.. words];

        void Close()
        {
            if (isOpen)
            {
                words.Add(word.ToString() is "$NODE" ? Environment.MachineName : word.ToString());
                word.Clear();
                isOpen = false;
            }
        }
    }
}
