using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine;

/// <summary>The filter <c>until</c> of the prune commands: a time, or a duration of Go like <c>1h30m</c> before now. Pure.</summary>
internal static partial class UntilFilter
{
    /// <exception cref="DockerException">It is neither.</exception>
    public static DateTime Parse(string text, DateTime now) => Duration(text) is { } ago ? now - ago : TimeWords.Parse(text, "until") ?? DateTime.UnixEpoch;

    private static TimeSpan? Duration(string text)
    {
        if (Whole().Match(text) is not { Success: true } match)
        {
            return null;
        }

        var total = TimeSpan.Zero;
        foreach (var (number, unit) in match.Groups["number"].Captures.Zip(match.Groups["unit"].Captures))
        {
            total += double.Parse(number.Value, CultureInfo.InvariantCulture) * UnitOf(unit.Value);
        }

        return total;
    }

    private static TimeSpan UnitOf(string unit) => unit switch
    {
        "h" => TimeSpan.FromHours(1),
        "m" => TimeSpan.FromMinutes(1),
        "s" => TimeSpan.FromSeconds(1),
        "ms" => TimeSpan.FromMilliseconds(1),
        "ns" => TimeSpan.FromMicroseconds(0.001),
        _ => TimeSpan.FromMicroseconds(1),
    };

    [GeneratedRegex(@"^((?<number>\d+(\.\d+)?)(?<unit>h|ms|m|s|us|µs|ns))+\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Whole();
}
