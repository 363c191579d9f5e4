using Flotilla.Linux.Cri;

namespace Flotilla.Node.Pods;

/// <summary>A pod's addresses in the order in which it has them.</summary>
internal static class PodAddresses
{
    /// <summary>Those that the runtime tells, first that of the family of the node's first one. Pure.</summary>
    public static IReadOnlyList<string> For(PodSandboxNetworkStatus? network, IReadOnlyList<string> nodeIps)
    {
        var all = new[] { network?.Ip }.Concat((network?.AdditionalIps ?? []).Select(one => one.Ip)).OfType<string>().Where(ip => ip.Length > 0);
        return [.. all.OrderBy(ip => nodeIps.Count > 0 && IsVersion6(ip) != IsVersion6(nodeIps[0]))];
    }

    private static bool IsVersion6(string ip) => ip.Contains(':', StringComparison.Ordinal);
}
