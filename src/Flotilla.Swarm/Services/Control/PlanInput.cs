using Flotilla.Swarm.Tasks;
using k8s.Models;

namespace Flotilla.Swarm.Services.Control;

/// <summary>A service as it is wanted, and everything there is of it.</summary>
/// <param name="Nodes">By name.</param>
/// <param name="HistoryLimit">How many tasks a slot keeps; negative: all.</param>
internal sealed record PlanInput(SwarmService Service, IReadOnlyList<ServiceTask> Tasks, IReadOnlyDictionary<string, NodeState> Nodes, int HistoryLimit, DateTime Now)
{
    /// <summary>Which other service the tasks wait for, in words; null: none.</summary>
    public string? WaitsFor { get; init; }

    public string Hash => Service.Hash;

    /// <summary>A task may stay where it is.</summary>
    public bool MayStay(ServiceTask task) => task.Node is not { } name || (Nodes.TryGetValue(name, out var node) && node is { IsAlive: true, Availability: not "drain", Satisfies: true });
}

/// <param name="Satisfies">The service's constraints.</param>
internal sealed record NodeState(V1Node Node, string Id, bool IsAlive, string Availability, bool Satisfies);
