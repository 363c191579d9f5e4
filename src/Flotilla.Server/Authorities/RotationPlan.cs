using Flotilla.Client.Joining;
using Flotilla.Server.Identity;
using k8s.Models;

namespace Flotilla.Server.Authorities;

/// <summary>When a rotation of the cluster's authority may take its next step. Pure.</summary>
internal static class RotationPlan
{
    // Machines that are joining may have a certificate already and no Node yet.
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    /// <summary>So long nodes may be away: a machine that is restarted finds its way back.</summary>
    public static readonly TimeSpan PatienceWithAbsent = TimeSpan.FromMinutes(10);

    /// <summary>The nodes that could not talk to the cluster any more if the rotation ended now. Those that are silent for long are not waited for; those that give signs of life are, however long.</summary>
    /// <param name="servers">Those that are there: their nodes go by what they do. So do those of servers that are not; they learn of it when they start.</param>
    /// <param name="authority">The hash of the one that signs.</param>
    public static IReadOnlyList<string> Awaited(IEnumerable<V1Node> nodes, IEnumerable<string> servers, string authority, TimeSpan elapsed) =>
        [.. nodes.Where(node => !servers.Contains(node.Metadata.Name) && !IsAbsentServer(node) && NodeTrust.Of(node)?.Follows(authority) != true && !(IsSilent(node) && elapsed >= PatienceWithAbsent))
            .Select(node => node.Metadata.Name).Order(StringComparer.Ordinal)];

    /// <param name="awaited">Servers and nodes that have not come so far.</param>
    public static bool MayGoOn(AuthorityStep step, IReadOnlyList<string> awaited, TimeSpan elapsed) => awaited.Count == 0 && (step == AuthorityStep.Known || elapsed >= Shortest);

    private static bool IsAbsentServer(V1Node node) => node.Metadata.Labels?.ContainsKey(ServerLeases.NodeLabel) == true && NodeTrust.Of(node) is null;

    // One that is not ready says so itself; of one that is silent nobody knows.
    private static bool IsSilent(V1Node node) => node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready") is not { Status: "True" or "False" };
}
