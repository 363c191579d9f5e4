using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Api.CustomResources;

/// <summary>How versions rank: stable before beta before alpha, higher numbers first, anything else last by name.</summary>
public sealed partial class VersionOrder : IComparer<string>
{
    public static readonly VersionOrder Comparer = new();

    /// <summary>Positive: <paramref name="left"/> is preferred.</summary>
    public int Compare(string? left, string? right)
    {
        var (first, second) = (Rank(left ?? ""), Rank(right ?? ""));
        return first is null || second is null
            ? first is null && second is null ? string.CompareOrdinal(right, left) : first is null ? -1 : 1
            : first.Value.CompareTo(second.Value);
    }

    private static (int Stability, int Major, int Minor)? Rank(string version) => Known().Match(version) is { Success: true } match
        ? (match.Groups[2].Value switch { "" => 2, "beta" => 1, _ => 0 }, Number(match.Groups[1]), Number(match.Groups[3]))
        : null;

    private static int Number(Group group) => int.TryParse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex("^v([0-9]{1,9})(?:(alpha|beta)([0-9]{1,9}))?$", RegexOptions.NonBacktracking)]
    private static partial Regex Known();
}
