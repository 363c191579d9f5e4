using System.Net;
using System.Net.Sockets;
using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Addresses of both families; no zones, and no IPv4 addresses written as IPv6.</summary>
internal sealed class IpLibrary : ICelLibrary
{
    internal static readonly CelType Ip = IpValue.OfIp;

    public IEnumerable<CelType> Types => [Ip];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        functions.Function("ip", "string_to_ip", [CelType.String], Ip, values => Parse(StringLibrary.Of(values[0])));
        functions.Function("isIP", "is_ip", [CelType.String], CelType.Bool, values => BoolValue.Of(Parse(StringLibrary.Of(values[0])) is IpValue));
        functions.Function("ip.isCanonical", "ip_is_canonical", [CelType.String], CelType.Bool, values => Parse(StringLibrary.Of(values[0])) switch
        {
            IpValue ip => BoolValue.Of(string.Equals(ip.ToString(), StringLibrary.Of(values[0]), StringComparison.Ordinal)),
            var error => error,
        });
        functions.Function("string", "ip_to_string", [Ip], CelType.String, values => new StringValue(((IpValue)values[0]).ToString()));
        functions.Method<IpValue>("family", "ip_family", Ip, CelType.Int, ip => new IntValue(ip.IsVersion4 ? 4 : 6));
        Test(functions, "isUnspecified", ip => ip.Bytes.All(part => part == 0));
        Test(functions, "isLoopback", ip => IPAddress.IsLoopback(ip.Address));
        Test(functions, "isLinkLocalMulticast", ip => ip.IsVersion4 ? ip.Bytes is [224, 0, 0, _] : ip.Bytes[0] == 0xFF && (ip.Bytes[1] & 0x0F) == 2);
        Test(functions, "isLinkLocalUnicast", IsLinkLocalUnicast);
        Test(functions, "isGlobalUnicast", ip => !IPAddress.IsLoopback(ip.Address) && !ip.Bytes.All(part => part == 0)
            && !IsLinkLocalUnicast(ip) && !(ip.IsVersion4 ? ip.Bytes[0] is >= 224 and < 240 || ip.Bytes.All(part => part == 255) : ip.Bytes[0] == 0xFF));
    }

    internal static CelValue Parse(string text)
    {
        var address = Read(text, out var problem);
        return address is not null ? new IpValue(address) : new ErrorValue(problem);
    }

    internal static IPAddress? Read(string text, out string problem)
    {
        var quoted = TextFormat.Quote(text);
        var zone = text.IndexOf('%', StringComparison.Ordinal);
        if (zone > 0 && zone < text.Length - 1 && Read(text[..zone], out _)?.AddressFamily == AddressFamily.InterNetworkV6)
        {
            problem = $"IP address {quoted} with zone value is not allowed";
            return null;
        }
        problem = $"IP Address {quoted} parse error during conversion from string: ParseAddr({quoted}): unable to parse IP";
        var isText = IsVersion4(text) || (text.Contains(':', StringComparison.Ordinal) && text.All(IsVersion6Character));
        if (!isText || !IPAddress.TryParse(text, out var address))
        {
            return null;
        }
        problem = $"IPv4-mapped IPv6 address {quoted} is not allowed";
        return address.IsIPv4MappedToIPv6 ? null : address;
    }

    private static bool IsVersion4(string text) => text.Split('.') is { Length: 4 } parts
        && Array.TrueForAll(parts, part => part.Length is > 0 and < 4 && part.All(char.IsAsciiDigit) && (part is "0" || part[0] != '0'));

    private static bool IsVersion6Character(char character) => char.IsAsciiHexDigit(character) || character is ':' or '.';

    private static void Test(FunctionTable functions, string name, Func<IpValue, bool> test) =>
        functions.Method<IpValue>(name, $"ip_{name}", Ip, CelType.Bool, ip => BoolValue.Of(test(ip)));

    private static bool IsLinkLocalUnicast(IpValue ip) => ip.IsVersion4 ? ip.Bytes is [169, 254, ..] : ip.Address.IsIPv6LinkLocal;
}

internal sealed class IpValue(IPAddress address) : OpaqueValue(IpValue.OfIp)
{
    public static readonly CelType OfIp = CelType.Opaque("net.IP");

    public IPAddress Address => address;

    public byte[] Bytes { get; } = address.GetAddressBytes();

    public bool IsVersion4 => address.AddressFamily == AddressFamily.InterNetwork;

    public override string ToString() => address.ToString();

    internal override long? Size => Bytes.Length;

    internal override bool IsEqualTo(CelValue other) => other is IpValue ip && ip.Address.Equals(address);
}
