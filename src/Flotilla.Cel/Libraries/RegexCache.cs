using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Flotilla.Cel.Libraries;

/// <summary>
/// Compiled patterns of one environment, thread-safe, at most <see cref="Capacity"/> of them. Matching takes linear time: .NET's
/// non-backtracking engine after a check that RE2 would take the pattern.
/// </summary>
internal sealed class RegexCache
{
    private const int Capacity = 512;
    private const int MaxKeptLength = 4096;

    private readonly ConcurrentDictionary<string, (Regex? Regex, string Error)> compiled = new(StringComparer.Ordinal);

    public Regex? Get(string pattern, out string error)
    {
        if (compiled.Count >= Capacity)
        {
            compiled.Clear();
        }
        var found = pattern.Length > MaxKeptLength ? Compile(pattern) : compiled.GetOrAdd(pattern, Compile);
        error = found.Error;
        return found.Regex;
    }

    private static (Regex? Regex, string Error) Compile(string pattern)
    {
        if (Re2Syntax.Problem(pattern) is { } problem)
        {
            return (null, $"error parsing regexp: {problem}");
        }
        try
        {
            return (new Regex(Re2Syntax.Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), "");
        }
        catch (Exception failure) when (failure is ArgumentException or NotSupportedException)
        {
            return (null, $"error parsing regexp: invalid pattern: `{pattern}`");
        }
    }
}
