using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Server.Authorities;

/// <summary>When a rotation of the cluster's authority may end. Pure.</summary>
internal static class RotationPlan
{
    // Machines that are joining may have a certificate already and no Node yet.
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    /// <summary>So long nodes may be away: a machine that is restarted finds its way back.</summary>
    public static readonly TimeSpan PatienceWithAbsent = TimeSpan.FromMinutes(10);

    /// <summary>The nodes that could not talk to the cluster any more if the rotation ended now. Those that are silent for long are not waited for; those that give signs of life are, however long.</summary>
    /// <param name="own">The server's node, which goes by what the server does.</param>
    /// <param name="authority">The hash of the one that signs.</param>
    public static IReadOnlyList<string> Awaited(IEnumerable<V1Node> nodes, string own, string authority, TimeSpan elapsed) =>
        [.. nodes.Where(node => node.Metadata.Name != own && NodeTrust.Of(node)?.Follows(authority) != true && !(IsSilent(node) && elapsed >= PatienceWithAbsent))
            .Select(node => node.Metadata.Name).Order(StringComparer.Ordinal)];

    public static bool MayEnd(IReadOnlyList<string> awaited, TimeSpan elapsed) => awaited.Count == 0 && elapsed >= Shortest;

    // One that is not ready says so itself; of one that is silent nobody knows.
    private static bool IsSilent(V1Node node) => node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready") is not { Status: "True" or "False" };
}
