using Flotilla.Node.Admission;
using k8s.Models;

namespace Flotilla.Node.Shutdown;

/// <summary>Nothing begins on a machine that is going down.</summary>
internal sealed class ShutdownCheck(Func<bool> isShuttingDown) : IAdmissionCheck
{
    public Rejection? Check(V1Pod pod, AdmissionView view) => isShuttingDown() ? new Rejection("NodeShutdown", "Pod was rejected as the node is shutting down.") : null;
}
