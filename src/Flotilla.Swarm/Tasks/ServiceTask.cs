using System.Globalization;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>One task: a Pod, read as Swarm reads it.</summary>
internal sealed record ServiceTask(V1Pod Pod, TaskReport Status, TaskState Desired)
{
    public string Id => Label(SwarmApi.TaskIdLabel) ?? "";

    public string ServiceId => Label(SwarmApi.ServiceIdLabel) ?? "";

    public TaskState State => Status.State;

    /// <summary>0 for tasks of global services.</summary>
    public int Slot { get; } = Label(Pod, SwarmApi.Slot) is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var slot) ? slot : 0;

    /// <summary>The node that a task of a global service is for.</summary>
    public string? ForNode => Annotation(SwarmApi.ForNode);

    /// <summary>Where it runs; null: nowhere yet.</summary>
    public string? Node => string.IsNullOrEmpty(Pod.Spec.NodeName) ? null : Pod.Spec.NodeName;

    public string TemplateHash => Label(SwarmApi.TemplateHash) ?? "";

    public long Iteration { get; } = Pod.Metadata.Annotations?.TryGetValue(SwarmApi.Iteration, out var iteration) == true && long.TryParse(iteration, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public DateTime CreatedAt { get; } = TaskReport.CreatedAt(Pod);

    /// <summary>It is to run, and nothing speaks against it so far.</summary>
    public bool IsAlive => !State.IsOver() && Desired <= TaskState.Complete;

    /// <summary>It is being stopped and has not ended yet.</summary>
    public bool IsStopping => !State.IsOver() && Desired > TaskState.Complete;

    public bool IsOver => State.IsOver();

    /// <summary>It ended by itself, not because somebody asked.</summary>
    public bool EndedByItself => State is TaskState.Complete or TaskState.Failed or TaskState.Rejected;

    public bool IsKept => Pod.Metadata.Finalizers?.Contains(SwarmApi.History) == true;

    public DateTime? StartAfter => Annotation(SwarmApi.StartAfter) is { } text && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : null;

    public bool IsWaiting => Pod.Spec.SchedulingGates is { Count: > 0 };

    /// <param name="isNodeAlive">A task on a machine that is gone will not end there: it is lost.</param>
    public static ServiceTask Of(V1Pod pod, Func<string, bool> isNodeAlive)
    {
        var status = TaskReport.Of(pod);
        if (!status.State.IsOver() && pod.Spec.NodeName is { Length: > 0 } node && pod.Metadata.DeletionTimestamp is not null && !isNodeAlive(node))
        {
            status = status with { State = TaskState.Orphaned };
        }

        // Nobody has to stop what was never given to a node.
        if (!status.State.IsOver() && string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Metadata.DeletionTimestamp is { } deleted)
        {
            status = status with { State = TaskState.Shutdown, Message = "shutdown", At = deleted };
        }

        return new ServiceTask(pod, status, DesiredOf(pod, status));
    }

    public string? Annotation(string key) => Pod.Metadata.Annotations?.TryGetValue(key, out var value) == true ? value : null;

    private static TaskState DesiredOf(V1Pod pod, TaskReport status) =>
        pod.Metadata.DeletionTimestamp is not null || status.State > TaskState.Complete ? TaskState.Shutdown
        : status.State == TaskState.Complete ? pod.Metadata.Annotations?.ContainsKey(SwarmApi.Iteration) == true ? TaskState.Complete : TaskState.Shutdown
        : pod.Spec.SchedulingGates is { Count: > 0 } ? TaskState.Ready
        : pod.Metadata.Annotations?.ContainsKey(SwarmApi.Iteration) == true ? TaskState.Complete
        : TaskState.Running;

    private string? Label(string key) => Label(Pod, key);

    private static string? Label(V1Pod pod, string key) => pod.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
}
