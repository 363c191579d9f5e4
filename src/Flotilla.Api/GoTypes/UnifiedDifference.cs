using System.Globalization;
using System.Text;

namespace Flotilla.Api.GoTypes;

/// <summary>Two texts compared line by line: unified form, three lines around each change, no file names.</summary>
internal static class UnifiedDifference
{
    private const int Context = 3;

    public static string Text(string[] before, string[] after)
    {
        var text = new StringBuilder();
        foreach (var hunk in Hunks(Changes(before, after)))
        {
            WriteHunk(text, before, after, hunk);
        }

        return text.ToString();
    }

    /// <summary>What lies between the matching blocks.</summary>
    private static IEnumerable<Change> Changes(string[] before, string[] after)
    {
        var (i, j) = (0, 0);
        foreach (var block in LineMatcher.Blocks(before, after).Append(new LineMatch(before.Length, after.Length, 0)))
        {
            if (i < block.Before || j < block.After)
            {
                yield return new Change(i, block.Before, j, block.After);
            }

            (i, j) = (block.Before + block.Length, block.After + block.Length);
        }
    }

    /// <summary>Changes whose surroundings touch stand in one hunk.</summary>
    private static IEnumerable<List<Change>> Hunks(IEnumerable<Change> changes)
    {
        List<Change> hunk = [];
        foreach (var change in changes)
        {
            if (hunk.Count > 0 && change.From - hunk[^1].To > 2 * Context)
            {
                yield return hunk;
                hunk = [];
            }

            hunk.Add(change);
        }

        if (hunk.Count > 0)
        {
            yield return hunk;
        }
    }

    private static void WriteHunk(StringBuilder text, string[] before, string[] after, List<Change> hunk)
    {
        var (first, last) = (hunk[0], hunk[^1]);
        var lead = Math.Min(Context, Math.Min(first.From, first.NewFrom));
        var trail = Math.Min(Context, Math.Min(before.Length - last.To, after.Length - last.NewTo));
        text.Append("@@ -").Append(Range(first.From - lead, last.To + trail)).Append(" +").Append(Range(first.NewFrom - lead, last.NewTo + trail)).Append(" @@\n");
        var at = first.From - lead;
        foreach (var change in hunk)
        {
            WriteLines(text, ' ', before, at, change.From);
            WriteLines(text, '-', before, change.From, change.To);
            WriteLines(text, '+', after, change.NewFrom, change.NewTo);
            at = change.To;
        }

        WriteLines(text, ' ', before, at, last.To + trail);
    }

    /// <summary>The first line, counted from one, and how many; an empty range is placed after the line before it.</summary>
    private static string Range(int from, int to) => (to - from) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{from},0"),
        1 => (from + 1).ToString(CultureInfo.InvariantCulture),
        var length => string.Create(CultureInfo.InvariantCulture, $"{from + 1},{length}"),
    };

    private static void WriteLines(StringBuilder text, char mark, string[] lines, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            text.Append(mark).Append(lines[i]).Append('\n');
        }
    }

    private sealed record Change(int From, int To, int NewFrom, int NewTo);
}
