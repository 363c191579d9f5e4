using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Keeps book of what a decision uses up, until the cluster says so itself. Called under the scheduler's lock.</summary>
public interface IReservePlugin : IPlugin
{
    Verdict Reserve(SchedulingCycle cycle, NodeInfo node);

    /// <summary>Takes back; also called when an earlier or later step failed, so it may find nothing to take back.</summary>
    void Unreserve(SchedulingCycle cycle, string nodeName);
}
