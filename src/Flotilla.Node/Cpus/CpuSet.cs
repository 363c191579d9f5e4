using System.Globalization;

namespace Flotilla.Node.Cpus;

/// <summary>Numbers of processors as the kernel writes them: <c>0-2,5</c>.</summary>
public static class CpuSet
{
    /// <exception cref="FormatException">Not such a list.</exception>
    public static SortedSet<int> Parse(string text)
    {
        var set = new SortedSet<int>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryNumber(ends[0], out var low) || !TryNumber(ends[^1], out var high) || high < low)
            {
                throw new FormatException($"\"{text}\" is no list of processors; write for example 0-2,5");
            }

            set.UnionWith(Enumerable.Range(low, high - low + 1));
        }

        return set;
    }

    public static string Format(IEnumerable<int> cpus)
    {
        var parts = new List<string>();
        var numbers = cpus.Order().ToList();
        for (var i = 0; i < numbers.Count;)
        {
            var end = i;
            while (end + 1 < numbers.Count && numbers[end + 1] == numbers[end] + 1)
            {
                end++;
            }

            parts.Add(end == i ? Text(numbers[i]) : $"{Text(numbers[i])}-{Text(numbers[end])}");
            i = end + 1;
        }

        return string.Join(',', parts);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
