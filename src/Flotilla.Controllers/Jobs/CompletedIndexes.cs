using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>The indexes of an indexed job that have succeeded, in the form <c>0-3,5</c>.</summary>
internal static class CompletedIndexes
{
    public static SortedSet<int> For(V1Job job, IEnumerable<V1Pod> pods)
    {
        var indexes = Parse(job.Status?.CompletedIndexes);
        indexes.UnionWith(pods.Where(pod => pod.HasSucceeded()).Select(JobPods.IndexOf).OfType<int>());
        indexes.RemoveWhere(index => index >= (job.Spec.Completions ?? 0));
        return indexes;
    }

    public static SortedSet<int> Parse(string? text)
    {
        var indexes = new SortedSet<int>();
        foreach (var range in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            var last = int.Parse(ends[^1], CultureInfo.InvariantCulture);
            indexes.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return indexes;
    }

    public static string? Format(SortedSet<int> indexes)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (var index in indexes)
        {
            if (ranges.Count > 0 && ranges[^1].Last == index - 1)
            {
                ranges[^1] = (ranges[^1].First, index);
            }
            else
            {
                ranges.Add((index, index));
            }
        }

        return ranges.Count == 0 ? null : string.Join(',', ranges.Select(Text));
    }

    private static string Text((int First, int Last) range)
    {
        var (first, last) = (range.First.ToString(CultureInfo.InvariantCulture), range.Last.ToString(CultureInfo.InvariantCulture));
        return range.First == range.Last ? first : range.Last == range.First + 1 ? $"{first},{last}" : $"{first}-{last}";
    }
}
