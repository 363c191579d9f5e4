using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>The last word before a pod is bound: yes, no, or wait until somebody allows it.</summary>
public interface IPermitPlugin : IPlugin
{
    PermitResult Permit(SchedulingCycle cycle, NodeInfo node);
}

/// <param name="Verdict">Rejects when it does not fit.</param>
/// <param name="Wait">Completes when the pod may go on (true) or may not (false); null for at once.</param>
/// <param name="Timeout">How long to wait before it counts as no.</param>
public readonly record struct PermitResult(Verdict Verdict, Task<bool>? Wait = null, TimeSpan Timeout = default);
