using System.Globalization;
using System.Net;

namespace Flotilla.Composition;

/// <summary>The kernel's list of this network namespace's IPv6 addresses, which unlike .NET's tells what they are good for.</summary>
internal static class KernelAddresses
{
    private const string File = "/proc/net/if_inet6";
    private const int Fields = 6;
    private const int ScopeGlobal = 0;

    // Temporary, of a failed check for duplicates, deprecated, tentative.
    private const int Fleeting = 0x01 | 0x08 | 0x20 | 0x40;

    /// <summary>Empty, where the kernel has no IPv6.</summary>
    public static string Read() => System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File) : "";

    /// <summary>Those that others can reach and that stay. Pure.</summary>
    public static IReadOnlyList<LinkAddress> Lasting(string text) =>
    [
        .. text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length == Fields && Number(fields[3]) == ScopeGlobal && (Number(fields[4]) & Fleeting) == 0)
            .Select(fields => new LinkAddress(new IPAddress(Convert.FromHexString(fields[0])), fields[5])),
    ];

    private static int Number(string hex) => int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

/// <summary>An address and the link that has it.</summary>
internal sealed record LinkAddress(IPAddress Address, string Link);
