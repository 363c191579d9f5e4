using System.Text.Json.Nodes;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>This machine's engine as part of the swarm, or of none.</summary>
internal interface IMember
{
    SwarmOptions Options { get; }

    /// <summary>The Node that it is; null: not known yet.</summary>
    V1Node? Self { get; }

    DateTime Now { get; }

    /// <summary>As <c>/_ping</c> tells: <c>inactive</c>, <c>pending</c>, <c>locked</c>, <c>active/manager</c> or <c>active/worker</c>.</summary>
    string State { get; }

    /// <summary>The part of <c>docker info</c> about the swarm.</summary>
    JsonObject Swarm();

    Task KnowSelfAsync(CancellationToken cancellationToken);
}
