using k8s.Models;

namespace Flotilla.Controllers.Namespaces;

/// <summary>What a namespace says about its deletion, in upstream's words.</summary>
internal static class NamespaceConditions
{
    public static List<V1NamespaceCondition> For(ContentReport report, IEnumerable<V1NamespaceCondition>? old, DateTime now)
    {
        var known = (old ?? []).ToDictionary(condition => condition.Type, StringComparer.Ordinal);
        return [.. Wanted(report).Select(wanted =>
        {
            var before = known.GetValueOrDefault(wanted.Type);
            wanted.LastTransitionTime = before?.Status == wanted.Status ? before.LastTransitionTime : now;
            return wanted;
        })];
    }

    public static bool AreSame(IEnumerable<V1NamespaceCondition>? left, IEnumerable<V1NamespaceCondition> right) =>
        (left ?? []).Select(Essence).SequenceEqual(right.Select(Essence));

    private static IEnumerable<V1NamespaceCondition> Wanted(ContentReport report)
    {
        yield return report.DiscoveryFailure is { } failure
            ? Condition("NamespaceDeletionDiscoveryFailure", true, "DiscoveryFailed", failure)
            : Condition("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        yield return Condition("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        yield return report.Failures.Count > 0
            ? Condition(
                "NamespaceDeletionContentFailure",
                true,
                "ContentDeletionFailed",
                $"Failed to delete all resource types, {report.Failures.Count} remaining: {string.Join(", ", report.Failures.Order(StringComparer.Ordinal))}")
            : Condition("NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        yield return report.Remaining.Count > 0
            ? Condition(
                "NamespaceContentRemaining",
                true,
                "SomeResourcesRemain",
                $"Some resources are remaining: {string.Join(", ", report.Remaining.Select(entry => $"{entry.Key} has {entry.Value} resource instances"))}")
            : Condition("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed");
        yield return report.Finalizers.Count > 0
            ? Condition(
                "NamespaceFinalizersRemaining",
                true,
                "SomeFinalizersRemain",
                $"Some content in the namespace has finalizers remaining: {string.Join(", ", report.Finalizers.Select(entry => $"{entry.Key} in {entry.Value} resource instances"))}")
            : Condition("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
    }

    private static V1NamespaceCondition Condition(string type, bool status, string reason, string message) =>
        new() { Type = type, Status = status ? "True" : "False", Reason = reason, Message = message };

    private static (string, string, string, string) Essence(V1NamespaceCondition condition) =>
        (condition.Type, condition.Status, condition.Reason, condition.Message);
}
