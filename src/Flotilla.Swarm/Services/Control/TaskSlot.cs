using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>All tasks that a slot (or for global services a node) has and had, the newest first.</summary>
internal sealed record TaskSlot(TaskPlace Place, IReadOnlyList<ServiceTask> Tasks, string Hash)
{
    public IEnumerable<ServiceTask> Alive => Tasks.Where(task => task.IsAlive);

    /// <summary>Alive, and as the service wants it now.</summary>
    public IEnumerable<ServiceTask> Fresh => Alive.Where(task => task.TemplateHash == Hash);

    /// <summary>Alive, and made from an earlier spec.</summary>
    public IEnumerable<ServiceTask> Stale => Alive.Where(task => task.TemplateHash != Hash);

    public bool IsAlive => Alive.Any();

    public bool IsStopping => Tasks.Any(task => task.IsStopping);

    public bool IsRunning => Alive.Any(task => task.State == TaskState.Running);

    public IEnumerable<ServiceTask> Over => Tasks.Where(task => task.IsOver);

    public ServiceTask Newest => Tasks[0];

    public static List<TaskSlot> BySlot(IEnumerable<ServiceTask> tasks, string hash) =>
    [
        .. tasks.Where(task => task.ForNode is null).GroupBy(task => task.Slot).OrderBy(group => group.Key)
            .Select(group => new TaskSlot(new TaskPlace(group.Key), [.. group.OrderByDescending(task => task.CreatedAt)], hash)),
    ];

    /// <param name="idOf">The id of a node by its name; null: the node is gone.</param>
    public static List<TaskSlot> ByNode(IEnumerable<ServiceTask> tasks, string hash, Func<string, string?> idOf) =>
    [
        .. tasks.Where(task => task.ForNode is not null).GroupBy(task => task.ForNode!, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new TaskSlot(new TaskPlace(0, group.Key, idOf(group.Key) ?? ""), [.. group.OrderByDescending(task => task.CreatedAt)], hash)),
    ];
}
