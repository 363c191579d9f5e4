namespace Flotilla.Scheduler.Pipeline;

/// <summary>Turns raw scores into the common range, in whole numbers as upstream does.</summary>
public static class ScoreRange
{
    public const long Max = 100;

    /// <summary>Scales so that the highest becomes 100; reversed, the highest becomes 0.</summary>
    public static void ByHighest(Span<long> scores, bool reverse = false)
    {
        long highest = 0;
        foreach (var score in scores)
        {
            highest = Math.Max(highest, score);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            var scaled = highest == 0 ? 0 : Max * scores[i] / highest;
            scores[i] = reverse ? Max - scaled : scaled;
        }
    }

    /// <summary>Spreads from lowest = 0 to highest = 100.</summary>
    public static void ByDistance(Span<long> scores)
    {
        long lowest = long.MaxValue, highest = long.MinValue;
        foreach (var score in scores)
        {
            lowest = Math.Min(lowest, score);
            highest = Math.Max(highest, score);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = highest > lowest ? (long)(Max * ((scores[i] - lowest) / (double)(highest - lowest))) : 0;
        }
    }
}
