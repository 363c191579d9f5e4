using Flotilla.Swarm.Services.Spec;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>
/// Replaces tasks of earlier specs, so many slots at a time, and judges the new ones. Everything is worked out from the
/// tasks there are and the last state written: whoever goes on after a crash comes to the same. Pure.
/// </summary>
internal sealed class RollingUpdate(ServicePlan plan, PlanInput input, IReadOnlyList<TaskSlot> slots)
{
    private static readonly TimeSpan UsualMonitor = TimeSpan.FromSeconds(5);

    private readonly SwarmService service = input.Service;

    private bool IsRollback => service.Change?.IsRollback == true;

    private UpdateConfig Config => (IsRollback ? service.Read.RollbackConfig : service.Read.UpdateConfig) ?? new UpdateConfig { Parallelism = 1 };

    private TimeSpan Monitor => Config.Monitor is > 0 and var monitor ? Restarts.Span(monitor) : UsualMonitor;

    private TimeSpan Delay => Restarts.Span(Config.Delay);

    private bool StartsFirst => Config.Order == UpdateConfig.StartFirst;

    public void Add()
    {
        var state = Last();
        var isDirty = slots.Any(slot => slot.Stale.Any());
        if (isDirty && state?.IsRunning != true && state?.State is not (UpdateState.Paused or UpdateState.RollbackPaused))
        {
            state = Begin();
        }

        if (state?.IsRunning == true)
        {
            state = Judge(state, isDirty);
        }

        plan.Update = state;
        if (state?.IsRunning == true && plan.RollBack is null)
        {
            Replace();
        }
    }

    /// <summary>What was last written of the spec that holds now.</summary>
    private UpdateState? Last() => service.Status is { } status && status.ObservedGeneration == service.Metadata.Generation ? status.Update
        : IsRollback ? Begin()
        : null;

    private UpdateState Begin() => new()
    {
        State = IsRollback ? UpdateState.RollbackStarted : UpdateState.Updating,
        StartedAt = service.Change?.At ?? input.Now,
        Message = service.Change?.Message ?? (IsRollback ? "manually requested rollback" : "update in progress"),
    };

    private UpdateState Judge(UpdateState state, bool isDirty)
    {
        var failed = slots.SelectMany(slot => slot.Over).Where(task => IsFailure(task, state)).ToList();
        if (failed.Count > 0 && Config.FailureAction != UpdateConfig.Continue && failed.Count > Config.MaxFailureRatio * Math.Max(slots.Count, 1))
        {
            return Fail(state, failed[0]);
        }

        // Where nothing is to run there is nothing to watch.
        var last = slots.SelectMany(slot => slot.Fresh).Where(task => task.State == TaskState.Running).Select(task => task.Status.At).DefaultIfEmpty().Max();
        return !isDirty && !slots.Any(IsUnderWay) && plan.IsTime(last + Monitor)
            ? state with
            {
                State = IsRollback ? UpdateState.RollbackCompleted : UpdateState.Completed,
                CompletedAt = input.Now,
                Message = IsRollback ? "rollback completed" : "update completed",
            }
            : state;
    }

    private UpdateState Fail(UpdateState state, ServiceTask task)
    {
        if (Config.FailureAction == UpdateConfig.Rollback && !IsRollback && service.PreviousSpec is not null)
        {
            plan.RollBack = $"update rolled back due to failure or early termination of task {task.Id}";
            return state;
        }

        return state with
        {
            State = IsRollback ? UpdateState.RollbackPaused : UpdateState.Paused,
            Message = $"update paused due to failure or early termination of task {task.Id}",
        };
    }

    private bool IsFailure(ServiceTask task, UpdateState state)
    {
        if (!task.EndedByItself || task.TemplateHash != input.Hash || task.CreatedAt < state.StartedAt)
        {
            return false;
        }

        var ended = task.Pod.Status?.ContainerStatuses?.FirstOrDefault()?.State?.Terminated;
        return ended?.StartedAt is not { } started || ended.FinishedAt is not { } finished || finished - started <= Monitor;
    }

    private void Replace()
    {
        foreach (var slot in slots.Where(slot => slot.Stale.Any() && slot.Fresh.Any(task => task.State == TaskState.Running)))
        {
            plan.Stop.AddRange(slot.Stale);
        }

        var most = Config.Parallelism == 0 ? int.MaxValue : (int)Math.Min(Config.Parallelism, int.MaxValue);
        var budget = most - slots.Count(IsUnderWay);
        foreach (var slot in slots.Where(slot => slot.Stale.Any() && !slot.Fresh.Any()).Take(Math.Max(budget, 0)))
        {
            if (StartsFirst)
            {
                plan.Create.Add(new NewTask(slot.Place));
            }
            else
            {
                plan.Stop.AddRange(slot.Stale);
            }
        }
    }

    /// <summary>Its old task is gone or going and the new one has not run for the delay yet.</summary>
    private bool IsUnderWay(TaskSlot slot)
    {
        if (!slot.IsAlive)
        {
            return slot.IsStopping || slot.Newest.TemplateHash != input.Hash;
        }

        if (slot.Fresh.FirstOrDefault() is not { } fresh)
        {
            return false;
        }

        if (fresh.State == TaskState.Running)
        {
            return slot.Stale.Any() || !plan.IsTime(fresh.Status.At + Delay);
        }

        // One that failed has been judged; that it is tried again holds nobody up.
        return !slot.Over.Any(task => task.TemplateHash == input.Hash && task.EndedByItself);
    }
}
