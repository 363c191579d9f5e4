using System.Text;
using System.Text.RegularExpressions;
using Flotilla.Api.Images;

namespace Flotilla.Engine.Images;

/// <summary>
/// <c>docker images 'my-*'</c>: a pattern of Go's <c>path.Match</c>, which a tag meets with its repository or with both. Pure.
/// </summary>
internal static class ReferencePattern
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <param name="full">A full name with a tag.</param>
    public static bool Matches(string pattern, string full)
    {
        var name = ImageName.Familiar(full);
        var expression = Expression(pattern);
        return Regex.IsMatch(name, expression, RegexOptions.CultureInvariant, Limit) || Regex.IsMatch(name[..name.LastIndexOf(':')], expression, RegexOptions.CultureInvariant, Limit);
    }

    private static string Expression(string pattern)
    {
        var text = new StringBuilder("^");
        for (var at = 0; at < pattern.Length; at++)
        {
            var end = pattern[at] == '[' ? pattern.IndexOf(']', at + 1) : -1;
            text.Append(pattern[at] switch
            {
                '*' => "[^/]*",
                '?' => "[^/]",
                '[' when end > at + 1 => Class(pattern[(at + 1)..end]),
                '\\' when at + 1 < pattern.Length => Regex.Escape(pattern[++at].ToString()),
                var letter => Regex.Escape(letter.ToString()),
            });
            at = end > at + 1 ? end : at;
        }

        return text.Append("\\z").ToString();
    }

    private static string Class(string inside) => "[" + (inside[0] == '^' ? "^" : "") + inside.TrimStart('^').Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal) + "]";
}
