using System.CommandLine;
using System.Globalization;

namespace Flotilla.Commands;

/// <summary>Spans of time as people write them: <c>30s</c>, <c>10m</c>, <c>24h</c>, <c>7d</c>.</summary>
internal static class Durations
{
    public static Option<TimeSpan?> Option(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (Parse(result.Tokens[0].Value) is { } value)
            {
                return value;
            }

            result.AddError($"{name} {result.Tokens[0].Value} is no span of time; write it like 30s, 10m, 24h or 7d.");
            return null;
        },
    };

    /// <summary>Null: not of this form.</summary>
    public static TimeSpan? Parse(string text)
    {
        if (text.Length < 2 || !double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1e6)
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }
}
