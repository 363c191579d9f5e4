using System.Text.Json;
using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>
/// A node's part in the swarm, as its Node tells: what the managers wrote for it to know, which it may read, and what it
/// asks of them. All nodes of a cluster are in its swarm until they leave it.
/// </summary>
/// <param name="Digest">Of the cluster's authority, as tokens have it.</param>
/// <param name="Networks">Of the swarm; null: an earlier version wrote it.</param>
internal sealed record Membership(string Digest, IReadOnlyList<ManagerPlace> Managers, IReadOnlyList<SwarmNetwork>? Networks = null)
{
    /// <summary>What the managers wrote; null: there is no swarm.</summary>
    public static Membership? Of(V1Node? node)
    {
        try
        {
            return node?.GetAnnotation(SwarmApi.Swarm) is { } text ? JsonSerializer.Deserialize<Membership>(text) : null;
        }
        catch (JsonException)
        {
            // Somebody else wrote it.
            return null;
        }
    }

    /// <summary>Whether it belongs to the swarm, if there is one.</summary>
    public static bool IsMember(V1Node node) => node.GetAnnotation(SwarmApi.Left) is null;

    /// <summary>It left, and <c>docker node rm</c> took it from the list.</summary>
    public static bool IsForgotten(V1Node node) => node.GetAnnotation(SwarmApi.Left) == Forgotten;

    /// <summary>The value of <see cref="SwarmApi.Left"/> for a node that is listed no more.</summary>
    public const string Forgotten = "forgotten";
}

internal sealed record ManagerPlace(string NodeId, string Address);
