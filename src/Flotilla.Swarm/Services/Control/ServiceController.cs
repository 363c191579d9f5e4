using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Members;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Scheduling;
using Flotilla.Swarm.Tasks;
using Flotilla.Docker;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Services.Control;

/// <summary>Keeps every service's tasks as its spec says: reads again, plans, applies. Runs where the cluster's controllers lead.</summary>
internal sealed partial class ServiceController : SwarmReconciler
{
    private const string Name = "swarm-service-controller";
    private const int Workers = 4;

    private readonly RecentWrites<V1Pod> written;
    private readonly Pace pace;
    private readonly TaskWriter writer;
    private readonly ILogger logger;

    public ServiceController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, Name, Workers, logger)
    {
        this.logger = logger;
        pace = new Pace(Context.Time);
        written = new RecentWrites<V1Pod>(Known.Pods, Context.Time);
        writer = new TaskWriter(Context.Client, written);
        Known.Services.Subscribe(change => OnService(change.Latest));
        Known.Pods.Subscribe(change => OnPod(change.Latest));
        Known.Nodes.Subscribe(OnNode);
        Known.Swarms.Subscribe(_ => EnqueueAll());
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var started = Context.Time.GetTimestamp();
        var service = Known.Services.Get(key) is { Metadata.DeletionTimestamp: null } found ? found : null;
        var owned = Known.OwnedBy(key);
        var orphans = owned.Where(pod => TaskWriter.IsToForget(pod) && SwarmInformers.OwnerOf(pod)!.Uid != service?.Metadata.Uid).ToList();
        if (service is null && owned.Count > 0)
        {
            // Each of the tasks tells that it goes, and each time there is as much to look at.
            pace.Looked(key, started);
        }
        else if (service is null)
        {
            pace.Forget(key);
        }

        await writer.RemoveAsync(orphans, cancellationToken);
        if (service is not null && Known.Swarm is not null && IsSound(service))
        {
            await ConvergeAsync(service, cancellationToken);
        }
    }

    private async Task ConvergeAsync(SwarmService service, CancellationToken cancellationToken)
    {
        var started = Context.Time.GetTimestamp();
        var view = NodeView.From(Known, Context);
        var constraints = Constraint.ParseAll(service.Read.TaskTemplate.Placement?.Constraints);
        var nodes = Known.Nodes.List();
        var states = nodes.ToDictionary(
            node => node.Metadata.Name,
            node => new NodeState(node, SwarmInformers.IdOf(node), NodeView.IsReady(node) && Membership.IsMember(node), NodeView.Availability(node), NodeSelection.Satisfies(node, constraints, view)),
            StringComparer.Ordinal);
        var pods = written.Over(Known.TasksOf(service), pod => SwarmInformers.OwnerOf(pod)?.Uid == service.Metadata.Uid);
        var input = new PlanInput(
            service, [.. pods.Select(pod => ServiceTask.Of(pod, name => states.TryGetValue(name, out var node) && NodeView.IsReady(node.Node)))], states, HistoryLimit(), Context.Now)
        {
            WaitsFor = Dependencies.MissingOf(service, Known.Services.List()),
        };
        var plan = ServicePlans.For(input);
        pace.Looked(service.Key(), started);
        if (plan.LookAgain is { } wait)
        {
            Queue.AddAfter(service.Key(), wait);
        }

        await ApplyAsync(service, plan, input.WaitsFor, new TaskPod(service, Context.Options, nodes, view, SpreadOf(input, view), Known.IsTemplate), cancellationToken);
        await WriteStatusAsync(service, plan, input, cancellationToken);
    }

    private static SpreadTree SpreadOf(PlanInput input, NodeView view) => new(
        TaskPlacement.Preferences(input.Service.Read.TaskTemplate),
        input.Nodes.Values.Where(node => node is { IsAlive: true, Satisfies: true, Availability: "active" }).Select(node => node.Node),
        view,
        input.Tasks.Where(task => task is { IsAlive: true, Node: not null }).CountBy(task => task.Node!).ToDictionary(StringComparer.Ordinal));

    private async Task ApplyAsync(SwarmService service, ServicePlan plan, string? waitsFor, TaskPod template, CancellationToken cancellationToken)
    {
        if (plan.RollBack is { } why)
        {
            await RollBackAsync(service, why, cancellationToken);
            return;
        }

        if (plan.RunAgain)
        {
            await RunAgainAsync(service, cancellationToken);
            return;
        }

        await writer.RejectAsync(plan.Reject, cancellationToken);
        await writer.StopAsync(plan.Stop, cancellationToken);
        await writer.RemoveAsync(plan.Remove.Select(task => task.Pod), cancellationToken);
        await writer.ReleaseAsync(plan.Release, cancellationToken);
        long? iteration = ServicePlans.IsJob(service.Read.Mode) ? service.Change?.Iteration ?? 0 : null;
        await writer.CreateAsync(plan.Create.Select(task => template.For(task.Place, Context.Now, task.StartAfter, iteration, waitsFor)), cancellationToken);
        if (plan.Create.Count > 0)
        {
            Events.Record(service, "Normal", "TasksCreated", $"Created {plan.Create.Count} tasks");
        }
    }

    private async Task RollBackAsync(SwarmService service, string why, CancellationToken cancellationToken)
    {
        Events.Record(service, "Warning", "RolledBack", why);
        await Context.Client.UpdateAsync(
            service.With(service.PreviousSpec!.Value) with { PreviousSpec = null, Change = new SpecChange { IsRollback = true, Message = why, At = Context.Now, Iteration = service.Change?.Iteration ?? 0 } },
            cancellationToken);
    }

    private async Task RunAgainAsync(SwarmService service, CancellationToken cancellationToken)
    {
        Events.Record(service, "Normal", "RunAgain", $"The time of {ServiceLabels.TextOf(service.Read, ServiceLabels.Schedule)} has come");
        await Context.Client.UpdateAsync(service with { Change = new SpecChange { At = Context.Now, Iteration = (service.Change?.Iteration ?? 0) + 1 } }, cancellationToken);
    }

    private async Task WriteStatusAsync(SwarmService service, ServicePlan plan, PlanInput input, CancellationToken cancellationToken)
    {
        if (plan.RollBack is not null || plan.RunAgain)
        {
            return;
        }

        var status = new SwarmServiceStatus
        {
            ObservedGeneration = service.Metadata.Generation,
            DesiredTasks = plan.Desired,
            RunningTasks = input.Tasks.Count(task => task is { IsAlive: true, State: TaskState.Running }),
            CompletedTasks = input.Tasks.Count(task => task.State == TaskState.Complete),
            Update = plan.Update,
            Selector = $"{SwarmApi.ServiceIdLabel}={SwarmInformers.IdOf(service)}",
        };
        if (status != service.Status)
        {
            if (plan.Update?.State != service.Status?.Update?.State && plan.Update is { } update)
            {
                Events.Record(service, update.State is UpdateState.Paused or UpdateState.RollbackPaused ? "Warning" : "Normal", "Update", update.Message);
            }

            await Context.Client.UpdateStatusAsync(service with { Status = status }, cancellationToken);
        }
    }

    /// <summary>What came another way than Docker's API may be anything.</summary>
    private bool IsSound(SwarmService service)
    {
        try
        {
            ServiceRules.Check(service.Read);
            return true;
        }
        catch (Exception wrong) when (wrong is DockerException or JsonException)
        {
            Events.Record(service, "Warning", "InvalidSpec", wrong.Message);
            Log.Unsound(logger, service.Key(), wrong.Message);
            return false;
        }
    }

    private int HistoryLimit()
    {
        var limit = (WireJson.Node(Known.Swarm!.Spec) as JsonObject)?["Orchestration"]?["TaskHistoryRetentionLimit"];
        return limit is null ? 5 : (int)limit.GetValue<long>();
    }

    private void OnService(SwarmService service)
    {
        Queue.Add(service.Key());
        foreach (var other in Known.Services.List().Where(other => Dependencies.IsOf(other, service.Name)))
        {
            Queue.Add(other.Key());
        }
    }

    private void OnPod(V1Pod pod)
    {
        if (SwarmInformers.OwnerOf(pod) is { } owner)
        {
            var key = new ObjectKey(pod.Metadata.NamespaceProperty, owner.Name);
            Queue.AddAfter(key, pace.Of(key));
        }
    }

    private void OnNode(ObjectChange<V1Node> change)
    {
        // Heartbeats change nothing here.
        if (change.Old is null || change.New is null || NodeView.IsReady(change.Old) != NodeView.IsReady(change.New)
            || change.Old.Metadata.Generation != change.New.Metadata.Generation || NodeView.Availability(change.Old) != NodeView.Availability(change.New)
            || Membership.IsMember(change.Old) != Membership.IsMember(change.New)
            || NodeView.VersionOf(change.Old) != NodeView.VersionOf(change.New) || !SameLabels(change.Old, change.New))
        {
            EnqueueAll();
        }
    }

    private static bool SameLabels(V1Node old, V1Node now) => (old.Metadata.Labels?.Count ?? 0) == (now.Metadata.Labels?.Count ?? 0)
        && (old.Metadata.Labels?.All(label => now.Metadata.Labels!.TryGetValue(label.Key, out var value) && value == label.Value) ?? true);

    private void EnqueueAll()
    {
        foreach (var service in Known.Services.List())
        {
            Queue.Add(service.Key());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Swarm service {Key} is not run: {Why}")]
        public static partial void Unsound(ILogger logger, ObjectKey key, string why);
    }
}
