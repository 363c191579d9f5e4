using System.Net;

namespace Flotilla.Api.Networks;

/// <summary>Ranges of addresses in text: one, or one of each family, like <c>10.244.0.0/16,fd00:10:244::/56</c>.</summary>
public static class NetworkRanges
{
    /// <exception cref="FormatException">One of them is none.</exception>
    public static IReadOnlyList<IPNetwork> Parse(string text) => [.. text.Split(',').Select(IPNetwork.Parse)];

    /// <summary>The address at a place in the range, which must be in its last byte.</summary>
    public static IPAddress At(this IPNetwork range, byte place)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        bytes[^1] += place;
        return new IPAddress(bytes);
    }
}
