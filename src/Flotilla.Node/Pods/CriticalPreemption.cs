using Flotilla.Client;
using Flotilla.Node.Admission;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Lets a critical pod in by ending others, where that is what it takes.</summary>
/// <param name="workers">Of all pods of the node.</param>
internal sealed class CriticalPreemption(PodAdmission admission, Func<IEnumerable<PodWorker>> workers, EventRecorder events)
{
    private const string Message = "Preempted in order to admit critical pod";

    // Two that need room must not count on the same victims.
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Returns when those that had to go have ended, each with the time it asks for.</summary>
    public async Task<Rejection?> AdmitAsync(V1Pod pod, Rejection rejection, Action wake, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var (victims, final) = admission.MakeRoom(pod, rejection);
            if (victims.Count == 0 && final != rejection)
            {
                return final;
            }
            var going = workers().Where(worker => victims.Any(victim => victim.Metadata.Uid == worker.Uid)).ToList();
            foreach (var worker in going.Where(worker => worker.Evict(PodFailures.Preempting, Message, grace: null)))
            {
                events.Record(worker.Pod, "Warning", PodFailures.Preempting, Message);
            }
            await Task.WhenAll(going.Select(worker => worker.Ended)).WaitAsync(cancellationToken);
            return admission.Admit(pod, isKnown: false, wake);
        }
        finally
        {
            turn.Release();
        }
    }
}
