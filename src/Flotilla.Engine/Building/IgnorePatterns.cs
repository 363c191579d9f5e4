using System.Text;
using System.Text.RegularExpressions;

namespace Flotilla.Engine.Building;

/// <summary>A <c>.dockerignore</c>: which files of a directory a build does not see. The last line that matches a path or one of its parents decides. Pure.</summary>
public sealed class IgnorePatterns
{
    private readonly IReadOnlyList<(Regex Pattern, bool Excludes)> rules;

    /// <exception cref="FormatException">A line is no pattern.</exception>
    public IgnorePatterns(IEnumerable<string> lines)
    {
        rules = [.. lines.Select(line => line.Trim()).Where(line => line.Length > 0 && !line.StartsWith('#')).Select(Rule)];
        HasExceptions = rules.Any(rule => !rule.Excludes);
    }

    /// <summary>Whether something below what is excluded may be wanted nevertheless.</summary>
    public bool HasExceptions { get; }

    /// <param name="path">Relative to the directory, without a slash at either end.</param>
    public bool Excludes(string path)
    {
        var excluded = false;
        foreach (var rule in rules.Where(rule => rule.Excludes != excluded))
        {
            if (Parents(path).Any(rule.Pattern.IsMatch))
            {
                excluded = rule.Excludes;
            }
        }

        return excluded;
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            yield return path[..end];
        }
    }

    private static (Regex Pattern, bool Excludes) Rule(string line)
    {
        var excludes = line[0] != '!';
        var pattern = excludes ? line : line[1..].Trim();
        if (pattern.Length == 0)
        {
            throw new FormatException("illegal exclusion pattern: \"!\"");
        }

        List<string> parts = [];
        foreach (var part in pattern.Split('/').Where(part => part.Length > 0 && part != "."))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != "..")
            {
                parts.Add(part);
            }
        }

        return (PathPattern.Compile(string.Join('/', parts)), excludes);
    }
}

/// <summary>Patterns of paths as Go's <c>filepath.Match</c> has them, and <c>**</c> for any number of directories. Pure.</summary>
internal static class PathPattern
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    public static bool IsPattern(string text) => text.AsSpan().IndexOfAny('*', '?', '[') >= 0;

    /// <exception cref="FormatException">A class of letters is not closed.</exception>
    public static Regex Compile(string pattern)
    {
        var text = new StringBuilder("^");
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '*' when pattern.AsSpan(at).StartsWith("**/"):
                    text.Append("(.*/)?");
                    at += 2;
                    break;
                case '*' when pattern.AsSpan(at).StartsWith("**"):
                    text.Append(".*");
                    at++;
                    break;
                case '*':
                    text.Append("[^/]*");
                    break;
                case '?':
                    text.Append("[^/]");
                    break;
                case '[':
                    var end = pattern.IndexOf(']', Math.Min(at + 2, pattern.Length));
                    text.Append(end < 0 ? throw new FormatException($"syntax error in pattern: {pattern}") : '[').Append(pattern[(at + 1)..end].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal)).Append(']');
                    at = end;
                    break;
                case '\\' when at + 1 < pattern.Length:
                    text.Append(Regex.Escape(pattern[++at].ToString()));
                    break;
                case var letter:
                    text.Append(Regex.Escape(letter.ToString()));
                    break;
            }
        }

        return new Regex(text.Append("\\z").ToString(), RegexOptions.CultureInvariant | RegexOptions.Singleline, Limit);
    }
}
