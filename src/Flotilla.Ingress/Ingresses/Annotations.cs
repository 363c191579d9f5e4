using System.Globalization;
using System.Net;

namespace Flotilla.Ingress.Ingresses;

/// <summary>
/// The annotations of one Ingress, by the names that ingress-nginx gave them; <c>flotilla.dev/</c> wins over
/// <c>nginx.ingress.kubernetes.io/</c>. A value that makes no sense is a problem to tell, and counts as absent.
/// </summary>
internal sealed class Annotations(IEnumerable<KeyValuePair<string, string>>? all)
{
    private static readonly string[] Prefixes = ["flotilla.dev/", "nginx.ingress.kubernetes.io/"];
    private readonly Dictionary<string, string> given = new(all ?? [], StringComparer.Ordinal);
    private readonly HashSet<string> read = new(StringComparer.Ordinal);
    private readonly List<string> problems = [];

    public IReadOnlyList<string> Problems => problems;

    /// <summary>What bears one of the prefixes and was not asked for.</summary>
    public IEnumerable<string> Unread => given.Keys.Where(key => !read.Contains(key) && Prefixes.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal))).Order(StringComparer.Ordinal);

    public string? Text(string name)
    {
        string? found = null;
        foreach (var prefix in Prefixes)
        {
            read.Add(prefix + name);
            found ??= given.GetValueOrDefault(prefix + name);
        }

        return string.IsNullOrWhiteSpace(found) ? null : found.Trim();
    }

    public void Refuse(string name, string why) => problems.Add($"annotation {name}: {why}; it is ignored");

    public bool Flag(string name, bool otherwise = false)
    {
        switch (Text(name)?.ToLowerInvariant())
        {
            case null: return otherwise;
            case "true" or "1" or "t": return true;
            case "false" or "0" or "f": return false;
            default:
                Refuse(name, "must be \"true\" or \"false\"");
                return otherwise;
        }
    }

    /// <summary>null: absent or refused.</summary>
    public int? Number(string name, int least = 0, int most = int.MaxValue)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, most == int.MaxValue ? $"must be a whole number of at least {least}, not \"{text}\"" : $"must be a whole number from {least} to {most}, not \"{text}\"");
        return null;
    }

    /// <summary>Seconds, with or without an <c>s</c> behind.</summary>
    public TimeSpan? Seconds(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (double.TryParse(text.TrimEnd('s'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e7)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        Refuse(name, $"must be a number of seconds, not \"{text}\"");
        return null;
    }

    /// <summary>Bytes as nginx writes them: <c>8k</c>, <c>1m</c>, <c>2g</c>.</summary>
    public long? Size(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        var shift = char.ToLowerInvariant(text[^1]) switch
        {
            'k' => 10,
            'm' => 20,
            'g' => 30,
            _ => 0,
        };
        if (long.TryParse(shift > 0 ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size < 1L << 32)
        {
            return size << shift;
        }

        Refuse(name, $"must be a size like 512k, 8m or 1g, not \"{text}\"");
        return null;
    }

    public IReadOnlyList<string> List(string name) =>
        Text(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Addresses and networks. One that is neither refuses all: half a list would let the wrong ones in.</summary>
    public IReadOnlyList<IPNetwork>? Networks(string name)
    {
        List<IPNetwork> networks = [];
        foreach (var text in List(name))
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else if (IPAddress.TryParse(text, out var address))
            {
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else
            {
                Refuse(name, $"\"{text}\" is neither an address nor a network like 10.0.0.0/8");
                return null;
            }
        }

        return networks;
    }
}
