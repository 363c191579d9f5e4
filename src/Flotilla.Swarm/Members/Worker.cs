using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Nodes;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>A machine without a server: a worker of the swarm, of which it knows what its Node says.</summary>
/// <param name="nodes">Knows this machine's Node at least.</param>
internal sealed class Worker(SwarmOptions options, Informer<V1Node> nodes, TimeProvider time) : IMember
{
    public SwarmOptions Options => options;

    public V1Node? Self => nodes.Get(new ObjectKey(null, options.NodeName));

    public DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>null: it is in no swarm.</summary>
    public Membership? Membership => Self is { } self && Membership.IsMember(self) ? Membership.Of(self) : null;

    public string State => Membership is null ? "inactive" : "active/worker";

    /// <summary>The swarm's networks, of which the managers told this node.</summary>
    public async Task<IReadOnlyList<SwarmNetwork>> NetworksAsync(CancellationToken cancellationToken)
    {
        await KnowSelfAsync(cancellationToken);
        return Membership?.Networks ?? [];
    }

    public Task KnowSelfAsync(CancellationToken cancellationToken) => nodes.WaitForSyncAsync(cancellationToken);

    JsonObject IMember.Swarm() => Membership is not { } membership ? Manager.Nobody() : new JsonObject
    {
        ["NodeID"] = SwarmInformers.IdOf(Self!),
        ["NodeAddr"] = NodeView.AddressOf(Self!),
        ["LocalNodeState"] = "active",
        ["ControlAvailable"] = false,
        ["Error"] = "",
        ["RemoteManagers"] = WireJson.Array(membership.Managers.Select(manager => new JsonObject { ["NodeID"] = manager.NodeId, ["Addr"] = manager.Address })),
    };
}
