using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Flotilla.Api.CustomResources;

/// <summary>The string formats that upstream's validator knows; it ignores all others.</summary>
internal static partial class Formats
{
    public static bool Accepts(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" or "datetime" => text.Contains('T', StringComparison.OrdinalIgnoreCase) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "byte" => text.Length % 4 == 0 && Convert.TryFromBase64String(text, new byte[text.Length], out _),
        "duration" => Duration().IsMatch(text),
        "uuid" => Guid.TryParse(text, out _),
        "uuid3" => Uuid().IsMatch(text) && text[14] == '3',
        "uuid4" => Uuid().IsMatch(text) && text[14] == '4',
        "uuid5" => Uuid().IsMatch(text) && text[14] == '5',
        "ipv4" => IPAddress.TryParse(text, out var four) && four.AddressFamily == AddressFamily.InterNetwork && text.Count(letter => letter == '.') == 3,
        "ipv6" => IPAddress.TryParse(text, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6,
        "cidr" => IPNetwork.TryParse(text, out _),
        "mac" => Mac().IsMatch(text),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        "hostname" => Hostname().IsMatch(text) && text.Length <= 255,
        "email" => Email().IsMatch(text),
        _ => true,
    };

    [GeneratedRegex(@"^([-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w))+$|^0$", RegexOptions.NonBacktracking)]
    private static partial Regex Duration();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$", RegexOptions.NonBacktracking)]
    private static partial Regex Uuid();

    [GeneratedRegex("^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$", RegexOptions.NonBacktracking)]
    private static partial Regex Mac();

    [GeneratedRegex(@"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$", RegexOptions.NonBacktracking)]
    private static partial Regex Hostname();

    [GeneratedRegex(@"^[^@\s]+@[^@\s]+$", RegexOptions.NonBacktracking)]
    private static partial Regex Email();
}
