using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Flotilla.Cel.Libraries;

/// <summary>The differences between RE2's patterns and .NET's: what RE2 refuses, and what it writes otherwise.</summary>
internal static partial class Re2Syntax
{
    private const int MaxRepeat = 1000;

    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z",
        ["alpha"] = "A-Za-z",
        ["ascii"] = @"\x00-\x7F",
        ["blank"] = @"\t ",
        ["cntrl"] = @"\x00-\x1F\x7F",
        ["digit"] = "0-9",
        ["graph"] = "!-~",
        ["lower"] = "a-z",
        ["print"] = " -~",
        ["punct"] = @"!-/:-@\[-`{-~",
        ["space"] = @"\t\n\v\f\r ",
        ["upper"] = "A-Z",
        ["word"] = "0-9A-Za-z_",
        ["xdigit"] = "0-9A-Fa-f",
    };

    /// <summary>Why RE2 refuses a pattern that .NET might take; null when nothing stands out.</summary>
    public static string? Problem(string pattern)
    {
        for (var at = 0; at < pattern.Length; at += pattern[at] == '\\' ? 2 : 1)
        {
            if (ProblemAt(pattern.AsSpan(at)) is { } problem)
            {
                return problem;
            }
        }
        foreach (Match count in Counts().Matches(pattern))
        {
            if (count.Groups["n"].Captures.Any(number => number.Length > 4 || int.Parse(number.Value, CultureInfo.InvariantCulture) > MaxRepeat))
            {
                return $"invalid repeat count: `{count.Groups["bad"].Value}`";
            }
        }
        return null;
    }

    private static string? ProblemAt(ReadOnlySpan<char> rest)
    {
        foreach (var group in (ReadOnlySpan<string>)["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?("])
        {
            if (rest.StartsWith(group, StringComparison.Ordinal))
            {
                return $"invalid or unsupported Perl syntax: `{group}`";
            }
        }
        return rest.Length > 1 && rest[0] == '\\' && "123456789kZGuc".Contains(rest[1], StringComparison.Ordinal)
            ? $"invalid escape sequence: `{rest[..2]}`" : null;
    }

    /// <summary>
    /// The same pattern in .NET's syntax: \d, \w, \s and \b are ASCII only, \z ends the text, $ does not stop before a last
    /// newline, named groups lose the P, and POSIX classes are spelled out.
    /// </summary>
    public static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var inClass = false;
        var dollar = MultiLine().IsMatch(pattern) ? "$" : "\\z";
        for (var at = 0; at < pattern.Length;)
        {
            at += inClass ? InClass(pattern, at, result, ref inClass) : Outside(pattern, at, result, dollar, ref inClass);
        }
        return result.ToString();
    }

    private static int Outside(string pattern, int at, StringBuilder result, string dollar, ref bool inClass)
    {
        switch (pattern[at])
        {
            case '\\' when at + 1 < pattern.Length:
                return Escape(pattern, at, result, inClass: false);
            case '[':
                inClass = true;
                var length = at + 1 < pattern.Length && pattern[at + 1] == '^' ? 2 : 1;
                result.Append(pattern, at, length);
                if (at + length < pattern.Length && pattern[at + length] == ']')
                {
                    result.Append("\\]");
                    length++;
                }
                return length;
            case '$':
                result.Append(dollar);
                return 1;
            case '(' when string.CompareOrdinal(pattern, at, "(?P<", 0, 4) == 0:
                result.Append("(?<");
                return 4;
            default:
                result.Append(pattern[at]);
                return 1;
        }
    }

    private static int InClass(string pattern, int at, StringBuilder result, ref bool inClass)
    {
        if (pattern[at] == '\\' && at + 1 < pattern.Length)
        {
            return Escape(pattern, at, result, inClass: true);
        }
        var end = pattern[at] == '[' ? pattern.IndexOf(":]", at, StringComparison.Ordinal) : -1;
        if (end > at + 1 && pattern[at + 1] == ':' && Classes.TryGetValue(pattern[(at + 2)..end], out var ranges))
        {
            result.Append(ranges);
            return end + 2 - at;
        }
        inClass = pattern[at] != ']';
        result.Append(pattern[at] == '[' ? "\\[" : pattern[at].ToString());
        return 1;
    }

    private static int Escape(string pattern, int at, StringBuilder result, bool inClass)
    {
        var letter = pattern[at + 1];
        if (letter is 'p' or 'P' && at + 2 < pattern.Length && char.IsAsciiLetter(pattern[at + 2]))
        {
            result.Append('\\').Append(letter).Append('{').Append(pattern[at + 2]).Append('}');
            return 3;
        }
        result.Append(letter switch
        {
            'd' => inClass ? "0-9" : "[0-9]",
            'w' => inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]",
            's' => inClass ? @"\t\n\f\r " : @"[\t\n\f\r ]",
            'D' when !inClass => "[^0-9]",
            'W' when !inClass => "[^0-9A-Za-z_]",
            'S' when !inClass => @"[^\t\n\f\r ]",
            _ => pattern.Substring(at, 2),
        });
        return 2;
    }

    [GeneratedRegex(@"(?<bad>\{(?<n>\d+)(?:,(?<n>\d+)?)?\})", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Counts();

    [GeneratedRegex(@"\(\?[a-zA-Z]*m", RegexOptions.NonBacktracking)]
    private static partial Regex MultiLine();
}
