using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Flotilla.Network;

/// <summary>IPv4 or IPv6 in the words of Kubernetes and of the kernel's tools. What differs between them is said here, not by who compiles rules.</summary>
public sealed record Family
{
    public static readonly Family V4 = new("IPv4", AddressFamily.InterNetwork, "ip", "icmp", 32);
    public static readonly Family V6 = new("IPv6", AddressFamily.InterNetworkV6, "ip6", "icmpv6", 128);

    private readonly AddressFamily family;

    private Family(string name, AddressFamily family, string table, string control, int bits)
    {
        (Name, this.family, Ip, Icmp, Bits) = (name, family, table, control, bits);
    }

    public static IReadOnlyList<Family> All => [V4, V6];

    /// <summary>As Services and EndpointSlices have it.</summary>
    public string Name { get; }

    /// <summary>nft's table family and the header in its rules: <c>ip</c>, <c>ip6</c>.</summary>
    public string Ip { get; }

    /// <summary>nft's protocol of errors.</summary>
    public string Icmp { get; }

    /// <summary>In an address.</summary>
    public int Bits { get; }

    /// <summary>nft's type of addresses.</summary>
    public string Type => this == V4 ? "ipv4_addr" : "ipv6_addr";

    public string Loopback => this == V4 ? "127.0.0.0/8" : "::1";

    /// <summary>What <c>ip</c> is told to look at this family alone.</summary>
    public string Flag => this == V4 ? "-4" : "-6";

    public static Family Of(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? V6 : V4;

    public bool Has(IPAddress address) => address.AddressFamily == family;

    /// <summary>Whether a text is an address, or a range of addresses, of this family.</summary>
    public bool Has(string? text) => text is not null && IPAddress.TryParse(text.Split('/')[0], out var address) && Has(address);

    /// <summary>An address with a port, in one word.</summary>
    public string Target(string address, int port) => string.Create(CultureInfo.InvariantCulture, $"{(this == V4 ? address : $"[{address}]")}:{port}");

    public override string ToString() => Name;
}
