using Flotilla.Cel.Libraries;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Checking;

/// <summary>Literals that can only fail later are refused now: durations, timestamps and patterns.</summary>
internal static class LiteralRules
{
    public static List<(int Offset, string Message)> Check(Expression root, RegexCache regexes) =>
        [.. Names.All(root).OfType<Call>().SelectMany(call => Check(call, regexes)).OrderBy(error => error.Offset)];

    private static IEnumerable<(int Offset, string Message)> Check(Call call, RegexCache regexes)
    {
        var isBad = call.Function switch
        {
            "duration" => Text(call) is { } text && !Durations.TryParse(text, out _),
            "timestamp" => Text(call) is { } text && Timestamps.Parse(text) is null,
            "matches" => Text(call) is { } pattern && regexes.Get(pattern, out _) is null,
            _ => false,
        };
        return isBad ? [(call.Arguments[^1].Offset, $"invalid {call.Function} argument")] : [];
    }

    private static string? Text(Call call) => call.Arguments is [.., Literal { Value: StringValue text }] ? text.Value : null;
}
