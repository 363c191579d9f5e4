using System.Text.Json.Nodes;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>A machine with a server whose keys are sealed: of the swarm it knows nothing but that it is locked.</summary>
internal sealed class LockedMember(SwarmOptions options, TimeProvider time) : IMember
{
    public SwarmOptions Options => options;

    public V1Node? Self => null;

    public DateTime Now => time.GetUtcNow().UtcDateTime;

    public string State => "locked";

    public Task KnowSelfAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public JsonObject Swarm()
    {
        var told = Manager.Nobody();
        told["LocalNodeState"] = State;
        told["Error"] = SwarmEndpoint.Locked;
        return told;
    }
}
