namespace Flotilla.Client.Joining;

/// <summary>The ConfigMap of nodes that were removed: the node's name and since when its certificates hold no more.</summary>
public static class RemovedNodes
{
    public const string Namespace = "kube-system";
    public const string Name = "flotilla-removed-nodes";
}
