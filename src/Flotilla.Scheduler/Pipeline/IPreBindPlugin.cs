namespace Flotilla.Scheduler.Pipeline;

/// <summary>Work that must be done before the pod is bound, e.g. binding its volumes. Runs outside of the scheduler's lock.</summary>
public interface IPreBindPlugin : IPlugin
{
    /// <summary>Whether it may take long for this pod, so that others must not queue behind it.</summary>
    bool Waits(SchedulingCycle cycle) => false;

    /// <returns>Anything but a fit takes the decision back and tries the pod again.</returns>
    Task<Verdict> PreBindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken);
}
