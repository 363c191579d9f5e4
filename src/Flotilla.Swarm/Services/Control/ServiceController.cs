using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Scheduling;
using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Wire;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Services.Control;

/// <summary>Keeps every service's tasks as its spec says: reads again, plans, applies. Runs where the cluster's controllers lead.</summary>
internal sealed partial class ServiceController : BackgroundService
{
    private const string Name = "swarm-service-controller";
    private const int Workers = 4;

    private readonly SwarmContext context;
    private readonly SwarmInformers known;
    private readonly EventRecorder events;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly ReconcileLoop loop;
    private readonly RecentWrites<V1Pod> written;
    private readonly TaskWriter writer;
    private readonly ILogger logger;

    public ServiceController(SwarmContext context, SwarmInformers known, ILogger logger)
    {
        this.context = context;
        this.known = known;
        this.logger = logger;
        events = new EventRecorder(context.Client, Name, context.Time, logger);
        queue = new WorkQueue<ObjectKey>(context.Time);
        loop = new ReconcileLoop(Name, queue, Workers, ReconcileAsync, logger, known.WaitForSyncAsync);
        written = new RecentWrites<V1Pod>(known.Pods, context.Time);
        writer = new TaskWriter(context.Client, written);
        known.Services.Subscribe(change => queue.Add(change.Latest.Key()));
        known.Pods.Subscribe(change => OnPod(change.Latest));
        known.Nodes.Subscribe(OnNode);
        known.Swarms.Subscribe(_ => EnqueueAll());
    }

    public override void Dispose()
    {
        loop.Dispose();
        events.Dispose();
        queue.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await events.StartAsync(stoppingToken);
        await loop.StartAsync(stoppingToken);
        await (loop.ExecuteTask ?? Task.CompletedTask);
        await (events.ExecuteTask ?? Task.CompletedTask);
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var service = known.Services.Get(key) is { Metadata.DeletionTimestamp: null } found ? found : null;
        var owned = known.OwnedBy(key);
        var orphans = owned.Where(pod => SwarmInformers.OwnerOf(pod)!.Uid != service?.Metadata.Uid).ToList();
        await writer.RemoveAsync(orphans, cancellationToken);
        if (service is not null && known.Swarm is not null && IsSound(service))
        {
            await ConvergeAsync(service, cancellationToken);
        }
    }

    private async Task ConvergeAsync(SwarmService service, CancellationToken cancellationToken)
    {
        var view = NodeView.From(known, context);
        var constraints = Constraint.ParseAll(service.Read.TaskTemplate.Placement?.Constraints);
        var nodes = known.Nodes.List();
        var states = nodes.ToDictionary(
            node => node.Metadata.Name,
            node => new NodeState(node, SwarmInformers.IdOf(node), NodeView.IsReady(node), NodeView.Availability(node), NodeSelection.Satisfies(node, constraints, view)),
            StringComparer.Ordinal);
        var pods = written.Over(known.TasksOf(service), pod => SwarmInformers.OwnerOf(pod)?.Uid == service.Metadata.Uid);
        var input = new PlanInput(
            service, [.. pods.Select(pod => ServiceTask.Of(pod, name => states.TryGetValue(name, out var node) && node.IsAlive))], states, HistoryLimit(), context.Now);
        var plan = ServicePlans.For(input);
        if (plan.LookAgain is { } wait)
        {
            queue.AddAfter(service.Key(), wait);
        }

        await ApplyAsync(service, plan, new TaskPod(service, context.Options, nodes, view), cancellationToken);
        await WriteStatusAsync(service, plan, input, cancellationToken);
    }

    private async Task ApplyAsync(SwarmService service, ServicePlan plan, TaskPod template, CancellationToken cancellationToken)
    {
        if (plan.RollBack is { } why)
        {
            await RollBackAsync(service, why, cancellationToken);
            return;
        }

        await writer.RejectAsync(plan.Reject, cancellationToken);
        await writer.StopAsync(plan.Stop, cancellationToken);
        await writer.RemoveAsync(plan.Remove.Select(task => task.Pod), cancellationToken);
        await writer.ReleaseAsync(plan.Release, cancellationToken);
        long? iteration = ServicePlans.IsJob(service.Read.Mode) ? service.Change?.Iteration ?? 0 : null;
        await writer.CreateAsync(plan.Create.Select(task => template.For(task.Place, context.Now, task.StartAfter, iteration)), cancellationToken);
        if (plan.Create.Count > 0)
        {
            events.Record(service, "Normal", "TasksCreated", $"Created {plan.Create.Count} tasks");
        }
    }

    private async Task RollBackAsync(SwarmService service, string why, CancellationToken cancellationToken)
    {
        events.Record(service, "Warning", "RolledBack", why);
        await context.Client.UpdateAsync(
            service.With(service.PreviousSpec!.Value) with { PreviousSpec = null, Change = new SpecChange { IsRollback = true, Message = why, At = context.Now, Iteration = service.Change?.Iteration ?? 0 } },
            cancellationToken);
    }

    private async Task WriteStatusAsync(SwarmService service, ServicePlan plan, PlanInput input, CancellationToken cancellationToken)
    {
        if (plan.RollBack is not null)
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
        };
        if (status != service.Status)
        {
            if (plan.Update?.State != service.Status?.Update?.State && plan.Update is { } update)
            {
                events.Record(service, update.State is UpdateState.Paused or UpdateState.RollbackPaused ? "Warning" : "Normal", "Update", update.Message);
            }

            await context.Client.UpdateStatusAsync(service with { Status = status }, cancellationToken);
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
            events.Record(service, "Warning", "InvalidSpec", wrong.Message);
            Log.Unsound(logger, service.Key(), wrong.Message);
            return false;
        }
    }

    private int HistoryLimit()
    {
        var limit = (WireJson.Node(known.Swarm!.Spec) as JsonObject)?["Orchestration"]?["TaskHistoryRetentionLimit"];
        return limit is null ? 5 : (int)limit.GetValue<long>();
    }

    private void OnPod(V1Pod pod)
    {
        if (SwarmInformers.OwnerOf(pod) is { } owner)
        {
            queue.Add(new ObjectKey(pod.Metadata.NamespaceProperty, owner.Name));
        }
    }

    private void OnNode(ObjectChange<V1Node> change)
    {
        // Heartbeats change nothing here.
        if (change.Old is null || change.New is null || NodeView.IsReady(change.Old) != NodeView.IsReady(change.New)
            || change.Old.Metadata.Generation != change.New.Metadata.Generation || NodeView.Availability(change.Old) != NodeView.Availability(change.New)
            || NodeView.VersionOf(change.Old) != NodeView.VersionOf(change.New) || !SameLabels(change.Old, change.New))
        {
            EnqueueAll();
        }
    }

    private static bool SameLabels(V1Node old, V1Node now) => (old.Metadata.Labels?.Count ?? 0) == (now.Metadata.Labels?.Count ?? 0)
        && (old.Metadata.Labels?.All(label => now.Metadata.Labels!.TryGetValue(label.Key, out var value) && value == label.Value) ?? true);

    private void EnqueueAll()
    {
        foreach (var service in known.Services.List())
        {
            queue.Add(service.Key());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Swarm service {Key} is not run: {Why}")]
        public static partial void Unsound(ILogger logger, ObjectKey key, string why);
    }
}
