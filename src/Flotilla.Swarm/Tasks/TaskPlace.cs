using System.Globalization;

namespace Flotilla.Swarm.Tasks;

/// <summary>What a task is to be: the slot of a replicated service, or the node of a global one.</summary>
internal readonly record struct TaskPlace(int Slot, string? Node = null, string? NodeId = null)
{
    /// <summary>As task names have it.</summary>
    public string Text => Node is null ? Slot.ToString(CultureInfo.InvariantCulture) : NodeId!;
}
