using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.Pods;

/// <summary>
/// Which pod of an owner goes first when there are too many: the one that is missed least. As upstream: not placed,
/// not running, not ready, cheap by annotation, doubled up on its node, ready for a short time, often restarted, young.
/// </summary>
/// <param name="rank">For each pod: the number of its like on the same node.</param>
internal sealed class DeletionOrder(Func<V1Pod, int> rank, DateTime now) : IComparer<V1Pod>
{
    private const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    /// <param name="related">All active pods that do the same work, including those of sibling owners.</param>
    public static IReadOnlyList<V1Pod> FirstToDelete(IEnumerable<V1Pod> pods, int count, IEnumerable<V1Pod> related, DateTime now)
    {
        var onNode = related.Where(pod => pod.IsActive()).CountBy(pod => pod.Spec.NodeName ?? "").ToDictionary(StringComparer.Ordinal);
        return [.. pods.Order(new DeletionOrder(pod => onNode.GetValueOrDefault(pod.Spec.NodeName ?? ""), now)).Take(count)];
    }

    public int Compare(V1Pod? x, V1Pod? y)
    {
        foreach (var difference in Differences(x!, y!))
        {
            if (difference != 0)
            {
                return difference;
            }
        }

        return 0;
    }

    private IEnumerable<int> Differences(V1Pod x, V1Pod y)
    {
        yield return IsPlaced(x).CompareTo(IsPlaced(y));
        yield return PhaseOrder(x).CompareTo(PhaseOrder(y));
        yield return x.IsReady().CompareTo(y.IsReady());
        yield return Cost(x).CompareTo(Cost(y));
        yield return rank(y).CompareTo(rank(x));
        yield return CompareYouth(x.ReadySince(), y.ReadySince());
        yield return y.Restarts().CompareTo(x.Restarts());
        yield return CompareYouth(x.Metadata.CreationTimestamp, y.Metadata.CreationTimestamp);
        yield return string.CompareOrdinal(x.Metadata.Uid, y.Metadata.Uid);
    }

    private static bool IsPlaced(V1Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName);

    private static int PhaseOrder(V1Pod pod) => pod.Status?.Phase switch
    {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    };

    private static int Cost(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost)
            ? cost
            : 0;

    /// <summary>The younger first, by powers of two: among pods of about the same age none is preferred.</summary>
    private int CompareYouth(DateTime? x, DateTime? y) =>
        x is { } left && y is { } right ? Magnitude(left).CompareTo(Magnitude(right)) : 0;

    private int Magnitude(DateTime since)
    {
        var seconds = (long)(now - since).TotalSeconds;
        return seconds <= 0 ? 0 : 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)seconds);
    }
}
