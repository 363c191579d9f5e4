namespace Flotilla.Scheduler.Pipeline;

/// <summary>Tells the cluster which node the pod got. The first that does not decline does it.</summary>
public interface IBindPlugin : IPlugin
{
    /// <returns>False when it declines and the next is asked.</returns>
    /// <exception cref="Flotilla.Api.ApiException">The cluster refuses.</exception>
    Task<bool> BindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken);
}
