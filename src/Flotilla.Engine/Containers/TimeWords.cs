using System.Globalization;
using Flotilla.Docker;

namespace Flotilla.Engine.Containers;

/// <summary>Times as docker reads and writes them.</summary>
internal static class TimeWords
{
    /// <summary>As Go's zero time is written.</summary>
    public const string Never = "0001-01-01T00:00:00Z";

    /// <summary>Seconds since 1970, with a fraction or not, or RFC 3339. null: nothing was said.</summary>
    /// <exception cref="DockerException">It is neither.</exception>
    public static DateTime? Parse(string? text, string name)
    {
        if (string.IsNullOrEmpty(text) || text == "0")
        {
            return null;
        }

        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 100_000_000_000 ? DateTime.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var at) ? at
            : throw DockerException.BadRequest($"invalid value for \"{name}\": failed to parse value as time or duration: {text}");
    }

    /// <summary>RFC 3339 without zeros at the end, as Go writes it.</summary>
    public static string Of(DateTime? at) => at is { } value && value > DateTime.UnixEpoch
        ? value.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture) : Never;

    /// <summary>About how long: <c>About a minute</c>.</summary>
    public static string Of(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalSeconds: < 60 } => $"{(int)span.TotalSeconds} seconds",
        { TotalMinutes: < 2 } => "About a minute",
        { TotalMinutes: < 60 } => $"{(int)span.TotalMinutes} minutes",
        _ => Hours((int)(span.TotalHours + 0.5)),
    };

    private static string Hours(int hours) => hours switch
    {
        1 => "About an hour",
        < 48 => $"{hours} hours",
        < 24 * 7 * 2 => $"{hours / 24} days",
        < 24 * 30 * 2 => $"{hours / 24 / 7} weeks",
        < 24 * 365 * 2 => $"{hours / 24 / 30} months",
        _ => $"{hours / 24 / 365} years",
    };
}
