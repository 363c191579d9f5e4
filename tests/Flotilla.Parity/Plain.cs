using System.Text.RegularExpressions;

namespace Flotilla.Parity;

/// <summary>An answer without what differs between any two runs: identities, times, addresses, versions, keys, widths of columns, progress.</summary>
internal static partial class Plain
{
    public static string Of(string text, bool isSorted)
    {
        var lines = Certificate().Replace(text, "<certificate>").Split('\n', '\r').Select(Line).Where(line => line.Length > 0 && !Progress().IsMatch(line));
        return string.Join('\n', isSorted ? lines.Order(StringComparer.Ordinal) : lines);
    }

    private static string Line(string line)
    {
        line = Token().Replace(line, "<token>");
        line = Id().Replace(line, "<id>");
        // One in fifty has no digit; as a table's first column it is known all the same.
        line = FirstColumn().Replace(line, "<id>$1$2");
        line = ShortId().Replace(line, word => word.Value.Any(char.IsAsciiDigit) ? "<id>" : word.Value);
        line = Instant().Replace(line, "<time>");
        line = Ago().Replace(line, "<ago>");
        line = Duration().Replace(line, "<ago>");
        line = Address().Replace(line, "<address>");
        line = Version().Replace(line, "$1<version>");
        return Blanks().Replace(line, " ").Trim();
    }

    [GeneratedRegex(@"^(overall progress|verify: |active tasks: |\d+/\d+:|[a-z0-9<>]+: (new|pending|assigned|accepted|preparing|ready|starting|running))", RegexOptions.NonBacktracking)]
    private static partial Regex Progress();

    [GeneratedRegex("-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----", RegexOptions.NonBacktracking)]
    private static partial Regex Certificate();

    [GeneratedRegex(@"SWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}|SWMKEY-1-[A-Za-z0-9+/]+", RegexOptions.NonBacktracking)]
    private static partial Regex Token();

    [GeneratedRegex(@"\b([a-z0-9]{25}|[0-9a-f]{64})\b", RegexOptions.NonBacktracking)]
    private static partial Regex Id();

    [GeneratedRegex(@"^[a-z0-9]{12}( \*)?(  )", RegexOptions.NonBacktracking)]
    private static partial Regex FirstColumn();

    [GeneratedRegex(@"\b[a-z0-9]{12}\b", RegexOptions.NonBacktracking)]
    private static partial Regex ShortId();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?\+0000 utc|Z| \+0000 UTC)?", RegexOptions.NonBacktracking)]
    private static partial Regex Instant();

    [GeneratedRegex(@"([Ll]ess than a second|[Aa]bout a minute|\d+ (second|minute)s?) ago", RegexOptions.NonBacktracking)]
    private static partial Regex Ago();

    [GeneratedRegex(@"Up ([Ll]ess than a second|[Aa]bout a minute|\d+ (second|minute)s?)", RegexOptions.NonBacktracking)]
    private static partial Regex Duration();

    [GeneratedRegex(@"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", RegexOptions.NonBacktracking)]
    private static partial Regex Address();

    [GeneratedRegex(@"(""Index"": ?)\d+", RegexOptions.NonBacktracking)]
    private static partial Regex Version();

    [GeneratedRegex(@"\s+", RegexOptions.NonBacktracking)]
    private static partial Regex Blanks();
}
