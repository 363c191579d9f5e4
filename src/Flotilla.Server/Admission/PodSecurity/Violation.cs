namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>One thing a pod may not do, shortly and in detail.</summary>
internal sealed record Violation(string Reason, string Detail)
{
    public override string ToString() => Detail.Length == 0 ? Reason : $"{Reason} ({Detail})";

    public static string Quote(IEnumerable<string> items) => string.Join(", ", items.Select(item => $"\"{item}\""));

    /// <summary>Names in order, each once.</summary>
    public static string QuoteSet(IEnumerable<string> items) => Quote(items.Distinct().Order(StringComparer.Ordinal));

    public static string Plural(int count, string one, string many) => count == 1 ? one : many;

    /// <summary><c>container "a"</c>, <c>containers "a", "b"</c>.</summary>
    public static string Containers(IReadOnlyCollection<string> names) => $"{Plural(names.Count, "container", "containers")} {Quote(names)}";

    /// <summary><c>pod and container "a"</c>: who set something.</summary>
    public static string Setters(bool pod, IReadOnlyCollection<string> containers) =>
        string.Join(" and ", new[] { pod ? "pod" : "", containers.Count > 0 ? Containers(containers) : "" }.Where(part => part.Length > 0));
}
