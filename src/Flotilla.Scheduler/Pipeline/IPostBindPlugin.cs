namespace Flotilla.Scheduler.Pipeline;

/// <summary>Told after a pod is bound; for cleaning up.</summary>
public interface IPostBindPlugin : IPlugin
{
    void PostBind(SchedulingCycle cycle, string nodeName);
}
