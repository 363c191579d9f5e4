using System.Text.Json.Nodes;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>What <c>kubectl get pods</c> shows of a task, in Swarm's words: which states its STATUS allows, and which one is wanted of it.</summary>
internal sealed record PodAsTask(string Id, string Service, string? Slot, string? Node, IReadOnlyList<string> States, string Desired)
{
    private static readonly string[] OnTheWay = ["assigned", "accepted", "preparing", "ready", "starting"];

    public bool IsRunning => States is ["running"];

    /// <param name="isReady">Whether a node is, by its name.</param>
    public static PodAsTask Of(JsonNode pod, Func<string, bool> isReady)
    {
        var labels = pod["metadata"]!["labels"]!;
        var (states, desired) = StateOf(pod, isReady);
        return new PodAsTask(
            (string)labels["com.docker.swarm.task.id"]!, (string)labels["com.docker.swarm.service.id"]!, (string?)labels["swarm.flotilla.dev/slot"], NodeOf(pod), states, desired);
    }

    private static string? NodeOf(JsonNode pod) => (string?)pod["spec"]!["nodeName"] is { Length: > 0 } node ? node : null;

    private static (string[] States, string Desired) StateOf(JsonNode pod, Func<string, bool> isReady)
    {
        var isTerminating = pod["metadata"]!["deletionTimestamp"] is not null;
        if (pod["metadata"]!["annotations"]?["swarm.flotilla.dev/rejected"] is not null)
        {
            return (["rejected"], "shutdown");
        }

        switch ((string?)pod["status"]!["phase"])
        {
            case "Failed":
                return ([isTerminating ? "shutdown" : "failed"], "shutdown");
            case "Succeeded":
                return ([isTerminating ? "shutdown" : "complete"], "shutdown");
        }

        var desired = isTerminating ? "shutdown" : "running";
        if (NodeOf(pod) is not { } node)
        {
            return isTerminating ? (["shutdown"], desired) : pod["spec"]!["schedulingGates"] is JsonArray { Count: > 0 } ? (["ready"], "ready") : (["pending"], desired);
        }

        return isTerminating && !isReady(node) ? (["orphaned"], desired)
            : pod["status"]!["containerStatuses"]?[0]?["state"]?["running"] is not null ? (["running"], desired)
            : (OnTheWay, desired);
    }
}
