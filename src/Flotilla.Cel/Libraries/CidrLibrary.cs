using System.Globalization;
using System.Net;
using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Address ranges.</summary>
internal sealed class CidrLibrary : ICelLibrary
{
    private const string ParseError = "network address parse error during conversion from string: ";

    private static readonly CelType Cidr = CidrValue.OfCidr;

    public IEnumerable<CelType> Types => [Cidr];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        functions.Function("cidr", "string_to_cidr", [CelType.String], Cidr, values => Parse(StringLibrary.Of(values[0])));
        functions.Function("isCIDR", "is_cidr", [CelType.String], CelType.Bool, values => BoolValue.Of(Parse(StringLibrary.Of(values[0])) is CidrValue));
        functions.Function("string", "cidr_to_string", [Cidr], CelType.String, values => new StringValue(((CidrValue)values[0]).ToString()));
        functions.Method<CidrValue>("ip", "cidr_ip", Cidr, IpLibrary.Ip, cidr => new IpValue(cidr.Address));
        functions.Method<CidrValue>("prefixLength", "cidr_prefix_length", Cidr, CelType.Int, cidr => new IntValue(cidr.Length));
        functions.Method<CidrValue>("masked", "cidr_masked", Cidr, Cidr, cidr => cidr.Mask());
        functions.Member("containsIP", "cidr_contains_ip_string", [Cidr, CelType.String], CelType.Bool, values => ContainsIp(values[0], IpLibrary.Parse(StringLibrary.Of(values[1]))));
        functions.Member("containsIP", "cidr_contains_ip_ip", [Cidr, IpLibrary.Ip], CelType.Bool, values => ContainsIp(values[0], values[1]));
        functions.Member("containsCIDR", "cidr_contains_cidr_string", [Cidr, CelType.String], CelType.Bool, values => ContainsCidr(values[0], Parse(StringLibrary.Of(values[1]))));
        functions.Member("containsCIDR", "cidr_contains_cidr", [Cidr, Cidr], CelType.Bool, values => ContainsCidr(values[0], values[1]));
    }

    private static CelValue Parse(string text)
    {
        var slash = text.LastIndexOf('/');
        var quoted = TextFormat.Quote(text);
        var problem = slash < 0 ? "no '/'" : $"ParseAddr({TextFormat.Quote(text[..slash])}): unable to parse IP";
        if (slash >= 0 && IpLibrary.Read(text[..slash], out var reason) is var address)
        {
            if (address is null && reason.StartsWith("IPv4-mapped", StringComparison.Ordinal))
            {
                return new ErrorValue($"{ParseError}IPv4-mapped IPv6 address {quoted} is not allowed");
            }
            if (address is null)
            {
                return new ErrorValue($"{ParseError}{ParseError}netip.ParsePrefix({quoted}): {problem}");
            }
            var digits = text[(slash + 1)..];
            var isNumber = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && (digits is "0" || digits[0] != '0');
            if (isNumber && length <= address.GetAddressBytes().Length * 8)
            {
                return new CidrValue(address, length);
            }
            problem = isNumber ? "prefix length out of range" : $"bad bits after slash: {TextFormat.Quote(digits)}";
        }
        return new ErrorValue($"{ParseError}{ParseError}netip.ParsePrefix({quoted}): {problem}");
    }

    private static CelValue ContainsIp(CelValue cidr, CelValue ip) =>
        ip is IpValue address ? BoolValue.Of(((CidrValue)cidr).Contains(address.Address)) : ErrorValue.NoSuchOverload;

    private static CelValue ContainsCidr(CelValue outer, CelValue inner) => inner is CidrValue other
        ? BoolValue.Of(((CidrValue)outer).Length <= other.Length && ((CidrValue)outer).Contains(other.Address)) : inner;
}

internal sealed class CidrValue(IPAddress address, int length) : OpaqueValue(CidrValue.OfCidr)
{
    public static readonly CelType OfCidr = CelType.Opaque("net.CIDR");

    public IPAddress Address => address;

    public int Length => length;

    internal override long? Size => (length + 7) / 8;

    public override string ToString() => FormattableString.Invariant($"{address}/{length}");

    public CidrValue Mask()
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }
        return new CidrValue(new IPAddress(bytes), length);
    }

    public bool Contains(IPAddress other) => other.AddressFamily == address.AddressFamily
        && new CidrValue(other, length).Mask().Address.Equals(Mask().Address);

    internal override bool IsEqualTo(CelValue other) => other is CidrValue cidr && cidr.Length == length && cidr.Address.Equals(address);
}
