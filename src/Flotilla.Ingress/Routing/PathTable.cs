using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Flotilla.Ingress.Routing;

internal enum PathKind
{
    /// <summary>The whole path, case and all.</summary>
    Exact,

    /// <summary>Whole elements: <c>/a</c> holds for <c>/a</c> and <c>/a/b</c>, not for <c>/ab</c>.</summary>
    Prefix,

    /// <summary>The first letters, as ingress-nginx takes ImplementationSpecific: <c>/a</c> holds for <c>/ab</c> too.</summary>
    Start,

    /// <summary>A regular expression for the path's beginning, in any case.</summary>
    Pattern,
}

/// <param name="Path">As written in the rule.</param>
internal readonly record struct PathRule<T>(PathKind Kind, string Path, T Value);

/// <summary>
/// The paths of one host. An exact path wins, then the longest one; of two of a length the prefix by elements, then the
/// prefix by letters, then the pattern. Of two equal rules the first one counts.
/// </summary>
internal sealed class PathTable<T>
    where T : class
{
    private readonly FrozenDictionary<string, T> exact;
    private readonly FrozenDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> prefixes;
    private readonly (string Start, T Value)[] starts;
    private readonly (Regex Pattern, int Length, T Value)[] patterns;

    public PathTable(IEnumerable<PathRule<T>> rules)
    {
        var kinds = rules.ToLookup(rule => rule.Kind);
        exact = First(kinds[PathKind.Exact], path => path);
        prefixes = First(kinds[PathKind.Prefix], path => path.TrimEnd('/')).GetAlternateLookup<ReadOnlySpan<char>>();
        starts = [.. kinds[PathKind.Start].OrderByDescending(rule => rule.Path.Length).Select(rule => (rule.Path, rule.Value))];
        patterns = [.. kinds[PathKind.Pattern].OrderByDescending(rule => rule.Path.Length).Select(rule => (PathPattern.Compile(rule.Path), rule.Path.Length, rule.Value))];
    }

    public T? Find(string path)
    {
        if (exact.TryGetValue(path, out var value))
        {
            return value;
        }

        var (best, length) = FindPrefix(path);
        foreach (var (start, candidate) in starts)
        {
            if (start.Length <= length)
            {
                break;
            }

            if (path.StartsWith(start, StringComparison.Ordinal))
            {
                (best, length) = (candidate, start.Length);
                break;
            }
        }

        foreach (var (pattern, size, candidate) in patterns)
        {
            if (size <= length)
            {
                break;
            }

            if (pattern.IsMatch(path))
            {
                return candidate;
            }
        }

        return best;
    }

    /// <summary>The longest prefix by elements and the length it was written with; -1 when there is none.</summary>
    private (T? Value, int Length) FindPrefix(string path)
    {
        if (prefixes.Dictionary.Count == 0)
        {
            return (null, -1);
        }

        for (var end = path.Length; end >= 0; end = path.LastIndexOf('/', end - 1))
        {
            if (prefixes.TryGetValue(path.AsSpan(0, end).TrimEnd('/'), out var value))
            {
                return (value, Math.Max(end, 1));
            }

            if (end == 0)
            {
                break;
            }
        }

        return (null, -1);
    }

    private static FrozenDictionary<string, T> First(IEnumerable<PathRule<T>> rules, Func<string, string> key) =>
        rules.GroupBy(rule => key(rule.Path), StringComparer.Ordinal).ToFrozenDictionary(same => same.Key, same => same.First().Value, StringComparer.Ordinal);
}
