using System.Globalization;

namespace Flotilla.Node.Statistics;

/// <summary>What one network interface has carried.</summary>
internal sealed record LinkCounters(
    string Name, long ReceivedBytes, long ReceivedPackets, long ReceiveErrors, long ReceiveDrops, long SentBytes, long SentPackets, long SendErrors, long SendDrops)
{
    /// <summary>The interfaces in the network namespace of a process, loopback aside; none when it has ended.</summary>
    public static IReadOnlyList<LinkCounters> Of(int process)
    {
        try
        {
            return [.. File.ReadLines($"/proc/{process}/net/dev").Select(Parse).OfType<LinkCounters>().Where(link => link.Name != "lo")];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // "  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0": eight numbers received, eight sent. The two lines above are a heading.
    public static LinkCounters? Parse(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return null;
        }
        var fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long At(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
        return fields.Length < 16 ? null : new LinkCounters(line[..colon].Trim(), At(0), At(1), At(2), At(3), At(8), At(9), At(10), At(11));
    }
}
