using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Server.Authorization;

namespace Flotilla.Server.Http;

/// <summary>How long a request may take: a minute, or less if it says so. Watches and streams end by themselves.</summary>
public sealed partial class RequestDeadline : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource? timer;
    private readonly CancellationTokenSource? linked;

    private RequestDeadline(TimeSpan? limit, TimeProvider time, CancellationToken client)
    {
        if (limit is { } after)
        {
            timer = new CancellationTokenSource(after, time);
            linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, client);
        }

        Token = linked?.Token ?? client;
    }

    public CancellationToken Token { get; }

    public bool IsOver => timer?.IsCancellationRequested == true;

    /// <exception cref="Api.ApiException">400: the limit cannot be read.</exception>
    public static RequestDeadline For(AccessAttributes wanted, string? limit, TimeProvider time, CancellationToken client)
    {
        var lasts = wanted.Verb == "watch" || wanted.Subresource is "exec" or "attach" or "portforward" or "proxy" or "log";
        return new RequestDeadline(lasts ? null : Parse(limit), time, client);
    }

    public void Dispose()
    {
        linked?.Dispose();
        timer?.Dispose();
    }

    private static TimeSpan Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Longest;
        }

        var match = Duration().Match(text);
        if (!match.Success)
        {
            throw Failures.BadRequest($"invalid timeout specified in the request URL - time: invalid duration \"{text}\"");
        }

        var seconds = match.Groups["part"].Captures.Zip(match.Groups["unit"].Captures).Sum(pair => double.Parse(pair.First.Value, CultureInfo.InvariantCulture) * UnitSeconds(pair.Second.Value));
        return seconds <= 0 || seconds > Longest.TotalSeconds ? Longest : TimeSpan.FromSeconds(seconds);
    }

    private static double UnitSeconds(string unit) => unit switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "us" or "µs" => 1e-6, _ => 1e-9 };

    [GeneratedRegex("^0$|^((?<part>[0-9]+(\\.[0-9]*)?)(?<unit>h|ms|m|s|us|µs|ns))+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Duration();
}
