using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Why a node does not take a pod that was given to it; the pod has failed with this.</summary>
internal sealed record Rejection(string Reason, string Message)
{
    /// <summary>There would be room if others were not here.</summary>
    public bool IsForResources => Reason.StartsWith(Lack, StringComparison.Ordinal);

    /// <summary>Before the name of what is lacking.</summary>
    public const string Lack = "OutOf";
}

/// <summary>One of the things that must hold before a pod may run here. Pure.</summary>
internal interface IAdmissionCheck
{
    /// <returns>null: nothing speaks against it.</returns>
    Rejection? Check(V1Pod pod, AdmissionView view);
}

/// <param name="Node">The node's object; null while the cluster has not told it.</param>
/// <param name="Others">The pods that are here already, with the resources they have been given.</param>
internal sealed record AdmissionView(V1Node? Node, IReadOnlyList<V1Pod> Others);
