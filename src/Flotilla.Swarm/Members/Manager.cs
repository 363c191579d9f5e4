using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Swarms;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>A machine with a server of the cluster: a manager as soon as there is a swarm.</summary>
internal sealed class Manager(SwarmContext context) : IMember
{
    public SwarmOptions Options => context.Options;

    public V1Node? Self => context.Self;

    public DateTime Now => context.Now;

    public string State => context.Swarm is null ? "inactive" : "active/manager";

    public Task KnowSelfAsync(CancellationToken cancellationToken) => Task.WhenAll(context.Nodes.WaitForSyncAsync(cancellationToken), context.CurrentIfPossibleAsync(cancellationToken));

    public JsonObject Swarm()
    {
        if (context.Cluster.Known is not { Swarm: { } swarm } known || context.Self is not { } self)
        {
            return Nobody();
        }

        var view = NodeView.From(known, context);
        var managers = known.Members.Where(view.IsManager).ToList();
        return new JsonObject
        {
            ["NodeID"] = SwarmInformers.IdOf(self),
            ["NodeAddr"] = NodeView.AddressOf(self),
            ["LocalNodeState"] = "active",
            ["ControlAvailable"] = true,
            ["Error"] = "",
            ["RemoteManagers"] = WireJson.Array(managers.Select(node => new JsonObject { ["NodeID"] = SwarmInformers.IdOf(node), ["Addr"] = view.ManagerAddress(node) })),
            ["Nodes"] = known.Members.Count,
            ["Managers"] = managers.Count,
            ["Cluster"] = SwarmView.Of(swarm, context),
        };
    }

    /// <summary>Of a machine that is in no swarm.</summary>
    public static JsonObject Nobody() => new()
    {
        ["NodeID"] = "", ["NodeAddr"] = "", ["LocalNodeState"] = "inactive", ["ControlAvailable"] = false, ["Error"] = "", ["RemoteManagers"] = null,
    };
}
