using System.Globalization;

namespace Flotilla.Node.Pods;

/// <summary>Durations as Go prints them, which the messages of Kubernetes' world contain: <c>10s</c>, <c>2m40s</c>, <c>1.5s</c>.</summary>
internal static class Go
{
    public static string Duration(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalMilliseconds}ms");
        }
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{duration.Seconds + (duration.Milliseconds / 1000m):0.###}s");
        return duration.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)duration.TotalHours}h{duration.Minutes}m{seconds}")
            : duration.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{duration.Minutes}m{seconds}")
            : seconds;
    }
}
