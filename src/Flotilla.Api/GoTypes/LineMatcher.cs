namespace Flotilla.Api.GoTypes;

/// <summary>Lines that two texts share in the same order.</summary>
internal readonly record struct LineMatch(int Before, int After, int Length);

/// <summary>
/// Pairs up lines by the longest common run, then likewise to its left and its right. Which lines pair up decides how
/// a difference reads, so the rules are upstream's: the earliest of equally long runs, and in long texts no run is
/// sought from a line that occurs too often.
/// </summary>
internal sealed class LineMatcher
{
    private const int LongText = 200;
    private readonly string[] before;
    private readonly string[] after;
    private readonly Dictionary<string, List<int>> places = new(StringComparer.Ordinal);

    private LineMatcher(string[] before, string[] after)
    {
        (this.before, this.after) = (before, after);
        for (var i = 0; i < after.Length; i++)
        {
            if (!places.TryGetValue(after[i], out var found))
            {
                places.Add(after[i], found = []);
            }

            found.Add(i);
        }

        if (after.Length >= LongText)
        {
            foreach (var (line, _) in places.Where(place => place.Value.Count > (after.Length / 100) + 1).ToList())
            {
                places.Remove(line);
            }
        }
    }

    /// <returns>In order; two blocks that touch in both texts count as two.</returns>
    public static IReadOnlyList<LineMatch> Blocks(string[] before, string[] after)
    {
        var blocks = new List<LineMatch>();
        new LineMatcher(before, after).Collect(0, before.Length, 0, after.Length, blocks);
        return blocks;
    }

    private void Collect(int from, int to, int newFrom, int newTo, List<LineMatch> blocks)
    {
        var match = Longest(from, to, newFrom, newTo);
        if (match.Length == 0)
        {
            return;
        }

        if (from < match.Before && newFrom < match.After)
        {
            Collect(from, match.Before, newFrom, match.After, blocks);
        }

        blocks.Add(match);
        var (end, newEnd) = (match.Before + match.Length, match.After + match.Length);
        if (end < to && newEnd < newTo)
        {
            Collect(end, to, newEnd, newTo, blocks);
        }
    }

    private LineMatch Longest(int from, int to, int newFrom, int newTo)
    {
        var best = new LineMatch(from, newFrom, 0);
        var lengths = new Dictionary<int, int>();
        for (var i = from; i < to; i++)
        {
            var next = new Dictionary<int, int>();
            foreach (var j in places.GetValueOrDefault(before[i], []))
            {
                if (j < newFrom || j >= newTo)
                {
                    continue;
                }

                var length = next[j] = lengths.GetValueOrDefault(j - 1) + 1;
                if (length > best.Length)
                {
                    best = new LineMatch(i - length + 1, j - length + 1, length);
                }
            }

            lengths = next;
        }

        return Extend(best, from, to, newFrom, newTo);
    }

    /// <summary>Takes in the equal lines on both sides that occur too often to start from.</summary>
    private LineMatch Extend(LineMatch match, int from, int to, int newFrom, int newTo)
    {
        var (i, j, length) = match;
        while (i > from && j > newFrom && before[i - 1] == after[j - 1])
        {
            (i, j, length) = (i - 1, j - 1, length + 1);
        }

        while (i + length < to && j + length < newTo && before[i + length] == after[j + length])
        {
            length++;
        }

        return new LineMatch(i, j, length);
    }
}
