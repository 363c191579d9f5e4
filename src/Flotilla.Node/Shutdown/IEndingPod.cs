using k8s.Models;

namespace Flotilla.Node.Shutdown;

/// <summary>A pod that can be asked to leave.</summary>
internal interface IEndingPod
{
    V1Pod Pod { get; }

    /// <summary>Ends the pod for the node's sake. False: it is ending already.</summary>
    /// <param name="grace">null: what the pod asks for.</param>
    bool Evict(string reason, string message, TimeSpan? grace);

    /// <summary>Done when nothing of it runs any more.</summary>
    Task Ended { get; }
}
