namespace Flotilla.Api.Selectors;

public static class Labels
{
    /// <summary>Whether no selector tells them apart; none and no map are the same.</summary>
    public static bool AreSame(IDictionary<string, string>? left, IDictionary<string, string>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left is null || right is null || left.All(label => right.TryGetValue(label.Key, out var value) && value == label.Value));
}
