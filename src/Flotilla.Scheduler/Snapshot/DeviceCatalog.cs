namespace Flotilla.Scheduler.Snapshot;

/// <summary>Devices that drivers publish and claims to them.</summary>
public sealed class DeviceCatalog
{
    /// <summary>Whether an extended resource comes from a device class on this node, instead of being a number the node reports.</summary>
    public bool Provides(string resource, NodeInfo node) => false;
}
