namespace Flotilla.Swarm.Tasks;

/// <summary>
/// How far a task is. It only ever goes forward: a task that is over is never used again, another one takes its slot.
/// Up to <see cref="Running"/> it is alive.
/// </summary>
internal enum TaskState
{
    New = 0,
    Pending = 64,
    Assigned = 192,
    Accepted = 256,
    Preparing = 320,
    Ready = 384,
    Starting = 448,
    Running = 512,
    Complete = 576,
    Shutdown = 640,
    Failed = 704,
    Rejected = 768,
    Remove = 800,
    Orphaned = 832,
}

internal static class TaskStates
{
    public static string Text(this TaskState state) => state.ToString().ToLowerInvariant();

    public static bool IsOver(this TaskState state) => state > TaskState.Running;
}
