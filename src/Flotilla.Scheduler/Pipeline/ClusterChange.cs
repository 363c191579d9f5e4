namespace Flotilla.Scheduler.Pipeline;

/// <summary>What may have happened in the cluster that can make a rejected pod fit.</summary>
[Flags]
public enum ClusterChange
{
    None = 0,

    /// <summary>A node appeared, or its labels, taints, capacity or cordon changed.</summary>
    Node = 1,

    /// <summary>A pod left its node, or needs less.</summary>
    PodGone = 2,

    /// <summary>A pod was placed, or a placed pod's labels changed.</summary>
    PodPlaced = 4,

    Volume = 8,

    NamespaceLabels = 16,

    All = Node | PodGone | PodPlaced | Volume | NamespaceLabels,
}
