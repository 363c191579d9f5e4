using System.Net;
using System.Net.Sockets;

namespace Flotilla.Local;

/// <summary>The addresses of <c>--node-ip</c>: one, or one of each family.</summary>
internal static class NodeAddresses
{
    private const string Flag = "--node-ip";

    public static IReadOnlyList<IPAddress> Parse(string? text) => text is null ? [] : [.. text.Split(',').Select(part => IPAddress.Parse(part))];

    /// <exception cref="UserError">They cannot be a node's of a cluster with these ranges.</exception>
    public static void Validate(string? text, string pods)
    {
        if (text is null)
        {
            return;
        }

        var parts = text.Split(',');
        var addresses = parts.Select(part => IPAddress.TryParse(part, out var address) && address.ToString() == part.ToLowerInvariant() ? address : null).OfType<IPAddress>().ToList();
        if (addresses.Count < parts.Length || addresses.Select(address => address.AddressFamily).Distinct().Count() < addresses.Count)
        {
            throw new UserError($"{Flag} {text} must be an address like 10.0.0.2, or one of each family like 10.0.0.2,fd00::2.");
        }

        if (addresses.Find(address => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.IsIPv6Multicast) is { } useless)
        {
            throw new UserError($"{Flag} {useless}: others cannot reach a node there.");
        }

        var families = pods.Split(',').Select(range => range.Contains(':', StringComparison.Ordinal) ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork).ToList();
        if (addresses.Find(address => !families.Contains(address.AddressFamily)) is { } strange)
        {
            throw new UserError($"{Flag} {strange}: the cluster has no addresses of that family (--pod-cidr {pods}).");
        }
    }

    /// <exception cref="UserError">This machine has not all of them.</exception>
    public static void CheckThere(string? text, IEnumerable<IPAddress> own)
    {
        if (Parse(text).Except(own).FirstOrDefault() is { } missing)
        {
            throw new UserError($"{Flag} {missing}: this machine has no such address; it has {string.Join(", ", own)}.");
        }
    }
}
