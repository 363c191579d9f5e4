namespace Flotilla.Ingress.Gateways;

/// <summary>Host names of listeners and routes: which requests both of them want.</summary>
internal static class HostNames
{
    /// <param name="listener">null: all hosts.</param>
    /// <param name="route">Empty: whatever the listener wants.</param>
    /// <returns>The more specific of each pair that meets; the empty name means all hosts.</returns>
    public static IReadOnlyList<string> Intersection(string? listener, IEnumerable<string> route)
    {
        var own = listener ?? "";
        var wanted = route.ToList();
        return wanted.Count == 0 ? [own] : [.. wanted.Select(host => Meet(own, host)).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static string? Meet(string one, string other) =>
        one.Length == 0 || Covers(one, other) ? other
        : other.Length == 0 || Covers(other, one) ? one
        : null;

    /// <summary>A wildcard stands for one label or more.</summary>
    private static bool Covers(string pattern, string host) =>
        string.Equals(pattern, host, StringComparison.OrdinalIgnoreCase)
        || (pattern.StartsWith("*.", StringComparison.Ordinal) && host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase) && host.Length > pattern.Length - 1);
}
