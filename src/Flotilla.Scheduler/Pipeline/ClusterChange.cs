namespace Flotilla.Scheduler.Pipeline;

/// <summary>What may have happened in the cluster that can make a rejected pod fit.</summary>
[Flags]
public enum ClusterChange
{
    None = 0,

    /// <summary>A node appeared, or its labels, taints, capacity, cordon or declared features changed.</summary>
    Node = 1,

    /// <summary>A pod left its node, or needs less.</summary>
    PodGone = 2,

    /// <summary>A pod was placed, or a placed pod's labels changed.</summary>
    PodPlaced = 4,

    /// <summary>A claim, a volume, or what describes volumes and their drivers.</summary>
    Volume = 8,

    NamespaceLabels = 16,

    /// <summary>A resource claim, a device class or a slice of devices.</summary>
    Device = 32,

    /// <summary>The waiting pod itself, in what it asks for.</summary>
    PodItself = 64,

    All = Node | PodGone | PodPlaced | Volume | NamespaceLabels | Device | PodItself,
}
