namespace Flotilla.Scheduler.Pipeline;

/// <summary>Turns raw scores into the common range.</summary>
public static class ScoreRange
{
    public const double Max = 100;

    /// <summary>Scales so that the highest becomes 100; reversed, the highest becomes 0.</summary>
    public static void ByHighest(Span<double> scores, bool reverse = false)
    {
        double highest = 0;
        foreach (var score in scores)
        {
            highest = Math.Max(highest, score);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            var scaled = highest == 0 ? 0 : scores[i] * Max / highest;
            scores[i] = reverse ? Max - scaled : scaled;
        }
    }

    /// <summary>Spreads from lowest = 0 to highest = 100.</summary>
    public static void ByDistance(Span<double> scores)
    {
        double lowest = double.MaxValue, highest = double.MinValue;
        foreach (var score in scores)
        {
            lowest = Math.Min(lowest, score);
            highest = Math.Max(highest, score);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = highest > lowest ? (scores[i] - lowest) * Max / (highest - lowest) : 0;
        }
    }
}
