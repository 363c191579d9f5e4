using System.Text.RegularExpressions;

namespace Flotilla.Cel.Libraries;

/// <summary>A URI as it may stand in a request line: absolute, or an absolute path; a fragment is not one.</summary>
internal sealed partial record RequestUri(string Scheme, string User, string Host, string Path, string RawQuery)
{
    public string Hostname => HostParts().Match(Host) is { Success: true } parts
        ? parts.Groups["v6"].Success ? parts.Groups["v6"].Value : parts.Groups["name"].Value : Host;

    public string Port => HostParts().Match(Host).Groups["port"].Value;

    public IEnumerable<KeyValuePair<string, string>> Query => RawQuery.Split('&')
        .Where(pair => pair.Length > 0 && !pair.Contains(';', StringComparison.Ordinal))
        .Select(pair => pair.Split('=', 2))
        .Select(pair => new KeyValuePair<string, string>(Decode(pair[0]), pair.Length > 1 ? Decode(pair[1]) : ""));

    public static RequestUri? Parse(string text, out string problem)
    {
        var match = Form().Match(text);
        problem = text.Length == 0 ? "empty url"
            : text.Any(char.IsControl) ? "net/url: invalid control character in URL"
            : !match.Success || (match.Groups["scheme"].Length == 0 && !text.StartsWith('/')) ? "invalid URI for request"
            : HostProblem(match.Groups["host"]) ?? PathProblem(match.Groups["path"].Value) ?? "";
        return problem.Length > 0 ? null : new RequestUri(
            match.Groups["scheme"].Value.ToLowerInvariant(), match.Groups["user"].Value, match.Groups["host"].Value,
            Encode(match.Groups["path"].Value), match.Groups["query"].Value);
    }

    private static string? HostProblem(Group host) => !host.Success || host.Length == 0 || HostParts().IsMatch(host.Value) ? null
        : host.Value.Contains(' ', StringComparison.Ordinal) ? "invalid character \" \" in host name"
        : host.Value.LastIndexOf(':') is >= 0 and var colon ? $"invalid port {TextFormat.Quote(host.Value[colon..])} after host"
        : "invalid host";

    private static string? PathProblem(string path)
    {
        for (var at = path.IndexOf('%', StringComparison.Ordinal); at >= 0; at = path.IndexOf('%', at + 1))
        {
            if (at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
            {
                return $"invalid URL escape {TextFormat.Quote(path[at..Math.Min(at + 3, path.Length)])}";
            }
        }
        return null;
    }

    private static string Encode(string path) => NotInPath().Replace(path, match => Uri.EscapeDataString(match.Value));

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    [GeneratedRegex(@"^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?:(?<user>[^/?@]*)@)?(?<host>[^/?]*))?(?<path>[^?]*)(?:\?(?<query>.*))?\z",
        RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();

    [GeneratedRegex(@"^(?:\[(?<v6>[0-9A-Fa-f:.%]+)\]|(?<name>[^\s:<>""\[\]^`{|}\\]*))(?::(?<port>\d*))?\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex HostParts();

    [GeneratedRegex(@"[^A-Za-z0-9$&+,/:;=@\-_.~!'()*%\[\]]+", RegexOptions.NonBacktracking)]
    private static partial Regex NotInPath();
}
