namespace Flotilla.Node.Status;

/// <summary>What the machine runs short of.</summary>
internal readonly record struct NodePressure(bool Memory, bool Disk, bool Processes);
