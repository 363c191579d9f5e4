using System.Text.Json.Nodes;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>A machine with a server whose keys are sealed: of the swarm it knows nothing but that it is locked.</summary>
/// <param name="isOpen">Whether it was unlocked and waits for its control plane, which other servers may have to be unlocked for too.</param>
internal sealed class LockedMember(SwarmOptions options, Func<bool> isOpen, TimeProvider time) : IMember
{
    public SwarmOptions Options => options;

    public V1Node? Self => null;

    public DateTime Now => time.GetUtcNow().UtcDateTime;

    public string State => isOpen() ? "pending" : "locked";

    /// <summary>Why it answers nothing of the swarm.</summary>
    public string Reason => isOpen() ? SwarmEndpoint.NoLeader : SwarmEndpoint.Locked;

    public Task KnowSelfAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public JsonObject Swarm()
    {
        var told = Manager.Nobody();
        told["LocalNodeState"] = State;
        told["Error"] = Reason;
        return told;
    }
}
