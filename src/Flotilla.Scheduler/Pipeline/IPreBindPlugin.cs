namespace Flotilla.Scheduler.Pipeline;

/// <summary>Work that must be done before the pod is bound, e.g. binding its volumes. Runs outside of the scheduler's lock.</summary>
public interface IPreBindPlugin : IPlugin
{
    /// <returns>Anything but a fit takes the decision back and tries the pod again.</returns>
    Task<Verdict> PreBindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken);
}
