using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>Which task <c>SERVICE</c>, <c>SERVICE.SLOT</c> and <c>SERVICE.NODE</c> mean. Pure.</summary>
public static class TaskChoice
{
    /// <summary>Selects tasks of all services among Pods.</summary>
    public const string Selector = SwarmApi.TaskIdLabel;

    /// <summary>The first task that runs: by slots, then by nodes.</summary>
    /// <param name="word">A service's name or id, with the slot, the node or the task's id behind a point where one task is meant.</param>
    /// <returns>null: no such task runs.</returns>
    public static V1Pod? Find(IEnumerable<V1Pod> tasks, string word)
    {
        var running = tasks.Select(pod => ServiceTask.Of(pod, _ => true)).Where(task => task.State == TaskState.Running && task.Pod.Metadata.DeletionTimestamp is null)
            .OrderBy(task => task.Slot).ThenBy(task => task.Node, StringComparer.Ordinal).ToList();
        if (running.FirstOrDefault(task => IsOf(task, word)) is { } first)
        {
            return first.Pod;
        }

        // Names of services and of nodes have points too.
        for (var point = word.IndexOf('.', StringComparison.Ordinal); point >= 0; point = word.IndexOf('.', point + 1))
        {
            var (service, place) = (word[..point], word[(point + 1)..]);
            if (running.FirstOrDefault(task => IsOf(task, service) && IsAt(task, place)) is { } one)
            {
                return one.Pod;
            }
        }

        return null;
    }

    private static bool IsOf(ServiceTask task, string service) => service.Length > 0 && (task.Pod.GetLabel(SwarmApi.ServiceNameLabel) == service || task.ServiceId == service);

    private static bool IsAt(ServiceTask task, string place) =>
        task.Slot > 0 && (place == task.Slot.ToString(System.Globalization.CultureInfo.InvariantCulture) || place == $"{task.Slot}.{task.Id}") || task.Node == place || task.ForNode == place || task.Id == place;
}
