using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Bench.Ingress;

/// <summary>The load generator of Debian's package of this name.</summary>
internal static partial class Wrk
{
    public static Task<(double Count, double PerSecond, double P99Milliseconds)> RunAsync(int port, int connections, int seconds, CancellationToken cancellationToken) =>
        RunAsync([], new Uri($"http://127.0.0.1:{port}/path?query=1"), connections, seconds, ["Host: site.test"], cancellationToken);

    /// <param name="prefix">A command that runs others, in another network.</param>
    public static async Task<(double Count, double PerSecond, double P99Milliseconds)> RunAsync(
        string[] prefix, Uri url, int connections, int seconds, string[] headers, CancellationToken cancellationToken)
    {
        string[] line = [.. prefix, "wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "--latency", .. headers.SelectMany(header => (string[])["-H", header]), $"{url}"];
        var info = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true };
        using var process = Process.Start(info)!;
        var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (text.Contains("Non-2xx", StringComparison.Ordinal) || text.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(text);
        }

        var latency = Latency().Match(text);
        var unit = latency.Groups[2].Value switch
        {
            "us" => 0.001,
            "ms" => 1,
            _ => 1000,
        };
        return (Number(Count().Match(text).Groups[1]), Number(Rate().Match(text).Groups[1]), Number(latency.Groups[1]) * unit);
    }

    private static double Number(Group text) => double.Parse(text.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("([0-9]+) requests in", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Count();

    [GeneratedRegex("Requests/sec: +([0-9.]+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate();

    [GeneratedRegex("99% +([0-9.]+)(us|ms|s)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Latency();
}
