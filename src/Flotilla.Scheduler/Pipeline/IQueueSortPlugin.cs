using Flotilla.Scheduler.Queue;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Which waiting pod is next. One for all profiles.</summary>
public interface IQueueSortPlugin : IPlugin, IComparer<QueuedPod>;
