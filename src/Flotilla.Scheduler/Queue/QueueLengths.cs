namespace Flotilla.Scheduler.Queue;

/// <summary>How many pods are ready to be tried, wait for their back-off, for a change of the cluster, or for a plugin to let them in.</summary>
public readonly record struct QueueLengths(int Active, int Backoff, int Unschedulable, int Gated);
