using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Flotilla.Api.Validation;

/// <summary>Rules for addresses beyond their spelling.</summary>
internal static class AddressRules
{
    /// <summary>Addresses that mean a place of their own are no endpoints: unspecified, loopback, link-local.</summary>
    public static IEnumerable<FieldError> NotSpecial(string text, string path)
    {
        if (!FieldRules.IsAddress(text) || !IPAddress.TryParse(text, out var address))
        {
            return [FieldError.Invalid(path, text, "must be a valid IP address") with { Ratchet = $"address {text}" }];
        }

        return Special(address, text) is { } detail ? [FieldError.Invalid(path, text, detail)] : [];
    }

    public static bool IsVersion6(string text) => text.Contains(':', StringComparison.Ordinal);

    /// <summary>A network inside of another and smaller than it; both must be valid.</summary>
    public static bool IsStrictlyWithin(string inner, string outer)
    {
        var (first, second) = (inner.Split('/'), outer.Split('/'));
        var (length, outerLength) = (int.Parse(first[1], CultureInfo.InvariantCulture), int.Parse(second[1], CultureInfo.InvariantCulture));
        var (bytes, outerBytes) = (IPAddress.Parse(first[0]).GetAddressBytes(), IPAddress.Parse(second[0]).GetAddressBytes());
        return bytes.Length == outerBytes.Length && length > outerLength
            && Enumerable.Range(0, outerLength).All(bit => ((bytes[bit / 8] ^ outerBytes[bit / 8]) & (0x80 >> (bit % 8))) == 0);
    }

    private static string? Special(IPAddress address, string text)
    {
        var bytes = address.GetAddressBytes();
        var isVersion4 = address.AddressFamily == AddressFamily.InterNetwork;
        return address switch
        {
            _ when address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) => $"may not be unspecified ({text})",
            _ when IPAddress.IsLoopback(address) => "may not be in the loopback range (127.0.0.0/8, ::1/128)",
            _ when (isVersion4 && bytes is [169, 254, ..]) || address.IsIPv6LinkLocal => "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
            _ when (isVersion4 ? bytes is [224, 0, 0, ..] : bytes is [0xff, 0x02, ..]) => "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
            _ => null,
        };
    }
}
