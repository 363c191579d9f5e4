using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Batch;

/// <summary>Sets of indexes as text, <c>1,3-5,7</c>: increasing numbers and ranges below the number of completions.</summary>
internal static class JobIndexRules
{
    public static IEnumerable<FieldError> CheckStatus(JobState now, JobState before, JsonObject spec)
    {
        var (completed, failed, completions) = (now.Status.String("completedIndexes"), now.Status.String("failedIndexes"), spec.Integer("completions"));
        var (completedChanged, failedChanged) = (now.Changed(before, "completedIndexes"), now.Changed(before, "failedIndexes"));
        var perIndex = spec.Integer("backoffLimitPerIndex") is not null;
        if (completedChanged && completions is { } most && Wrong(completed ?? "", most) is { } error)
        {
            yield return FieldError.Invalid("status.completedIndexes", completed ?? "", $"error parsing completedIndexes: {error}");
        }

        if (failedChanged && perIndex && completions is { } limit && failed is not null && Wrong(failed, limit) is { } problem)
        {
            yield return FieldError.Invalid("status.failedIndexes", failed, $"error parsing failedIndexes: {problem}");
        }

        if (completedChanged && completed is { Length: > 0 } && spec.String("completionMode") != "Indexed")
        {
            yield return FieldError.Invalid("status.completedIndexes", completed, "cannot set non-empty completedIndexes when non-indexed completion mode");
        }

        if (failedChanged && failed is not null && !perIndex)
        {
            yield return FieldError.Invalid("status.failedIndexes", failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
        }

        if ((completedChanged || failedChanged) && completions is not null && failed is not null && Common(completed ?? "", failed) is { } both)
        {
            yield return FieldError.Invalid("status.failedIndexes", failed, string.Create(CultureInfo.InvariantCulture, $"failedIndexes and completedIndexes overlap at index: {both}"));
        }
    }

    /// <returns>What is wrong with the text; null: nothing.</returns>
    public static string? Wrong(string text, long completions)
    {
        long? last = null;
        foreach (var part in text.Length == 0 ? [] : text.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2)
            {
                return $"Fragment \"{part}\" violates the requirement that an index interval can have at most two parts separated by '-'";
            }

            foreach (var end in ends)
            {
                if (!long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                {
                    return $"cannot convert string to integer for index: \"{end}\"";
                }

                if (index >= completions)
                {
                    return $"too large index: \"{end}\"";
                }

                if (last >= index)
                {
                    return string.Create(CultureInfo.InvariantCulture, $"non-increasing order, previous: {last}, current: {index}");
                }

                last = index;
            }
        }

        return null;
    }

    public static long Count(string text) => Intervals(text).Sum(interval => interval.High - interval.Low + 1);

    private static long? Common(string first, string second)
    {
        var others = Intervals(second).ToList();
        foreach (var (low, high) in Intervals(first))
        {
            foreach (var (otherLow, otherHigh) in others.Where(other => other.Low <= high && other.High >= low))
            {
                return Math.Max(low, otherLow);
            }
        }

        return null;
    }

    private static IEnumerable<(long Low, long High)> Intervals(string text)
    {
        foreach (var part in text.Length == 0 ? [] : text.Split(','))
        {
            var ends = part.Split('-');
            if (long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var low) && long.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var high))
            {
                yield return (low, high);
            }
        }
    }
}
