using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Services.Control;

/// <summary>What is to be done for a service now, and when to look again.</summary>
internal sealed class ServicePlan(DateTime now)
{
    public DateTime Now => now;

    public List<NewTask> Create { get; } = [];

    /// <summary>To be stopped and kept as history.</summary>
    public List<ServiceTask> Stop { get; } = [];

    /// <summary>To be stopped and forgotten, or over and no longer kept.</summary>
    public List<ServiceTask> Remove { get; } = [];

    /// <summary>Whose restart delay is over.</summary>
    public List<ServiceTask> Release { get; } = [];

    /// <summary>That cannot start, and why.</summary>
    public List<(ServiceTask Task, string Why)> Reject { get; } = [];

    public UpdateState? Update { get; set; }

    /// <summary>Set: back to the previous spec, for this reason.</summary>
    public string? RollBack { get; set; }

    /// <summary>Set: a job is to be run again, for its time has come.</summary>
    public bool RunAgain { get; set; }

    public int Desired { get; set; }

    /// <summary>Something is to be done to tasks.</summary>
    public bool IsBusy => Create.Count + Stop.Count + Remove.Count + Release.Count + Reject.Count > 0 || RollBack is not null;

    public TimeSpan? LookAgain { get; private set; }

    /// <returns>Whether it is time already; if not, the plan is made again then.</returns>
    public bool IsTime(DateTime at)
    {
        if (at <= now)
        {
            return true;
        }

        var wait = at - now;
        LookAgain = LookAgain is { } sooner && sooner < wait ? sooner : wait;
        return false;
    }
}

/// <param name="StartAfter">null: at once.</param>
internal readonly record struct NewTask(TaskPlace Place, DateTime? StartAfter = null);
