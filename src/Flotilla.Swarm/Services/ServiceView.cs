using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Tasks;
using Flotilla.Docker;

namespace Flotilla.Swarm.Services;

/// <summary>A service as Docker's Service.</summary>
internal static class ServiceView
{
    /// <summary>Counts the changes of the spec alone: what the system writes is nobody's rival.</summary>
    public static long VersionOf(SwarmService service) => service.Metadata.Generation ?? 1;

    public static JsonObject Of(SwarmService service, SwarmInformers known, bool insertDefaults = false, bool withStatus = false)
    {
        var spec = (JsonObject)WireJson.Node(service.Spec)!;
        if (insertDefaults)
        {
            ServiceDefaults.Insert(spec);
        }

        var value = new JsonObject
        {
            ["ID"] = SwarmInformers.IdOf(service),
            ["Version"] = new JsonObject { ["Index"] = VersionOf(service) },
            ["CreatedAt"] = service.Metadata.CreationTimestamp,
            ["UpdatedAt"] = service.Change?.At ?? service.Metadata.CreationTimestamp,
            ["Spec"] = spec,
        };
        if (service.PreviousSpec is { ValueKind: JsonValueKind.Object } previous)
        {
            value["PreviousSpec"] = WireJson.Node(previous);
        }

        value["Endpoint"] = EndpointView.Of(service, spec, known);
        if (UpdateOf(service) is { } update)
        {
            value["UpdateStatus"] = StatusOf(update);
        }

        if (ServicePlans.IsJob(service.Read.Mode))
        {
            value["JobStatus"] = new JsonObject
            {
                ["JobIteration"] = new JsonObject { ["Index"] = service.Change?.Iteration ?? 0 },
                ["LastExecution"] = service.Change?.At ?? service.Metadata.CreationTimestamp,
            };
        }

        if (withStatus)
        {
            value["ServiceStatus"] = CountOf(service, known);
        }

        return value;
    }

    private static JsonObject StatusOf(UpdateState update)
    {
        var value = new JsonObject { ["State"] = update.State };
        if (update.StartedAt is { } started)
        {
            value["StartedAt"] = started;
        }

        if (update.CompletedAt is { } completed)
        {
            value["CompletedAt"] = completed;
        }

        value["Message"] = update.Message;
        return value;
    }

    // What was written of an earlier spec says nothing of this one.
    private static UpdateState? UpdateOf(SwarmService service) => service.Status?.ObservedGeneration == service.Metadata.Generation ? service.Status?.Update
        : service.Change?.IsRollback == true ? new UpdateState { State = UpdateState.RollbackStarted, StartedAt = service.Change.At, Message = service.Change.Message ?? "manually requested rollback" }
        : null;

    private static JsonObject CountOf(SwarmService service, SwarmInformers known)
    {
        var tasks = known.TasksOf(service).Select(pod => TaskView.Read(pod, known)).Where(task => task.Iteration == (ServicePlans.IsJob(service.Read.Mode) ? service.Change?.Iteration ?? 0 : 0)).ToList();
        var desired = service.Read.Mode switch
        {
            { Replicated.Replicas: { } replicas } => (long)replicas,
            { ReplicatedJob: { } job } => (long)(job.MaxConcurrent ?? 1),
            { Global: not null } => tasks.Count(task => task.Desired == TaskState.Running),

            // Of a global job only what is not done yet: clients add what is.
            { GlobalJob: not null } => tasks.Count(task => task is { Desired: TaskState.Complete, State: not TaskState.Complete }),
            _ => 1,
        };

        // What runs still counts when it is to stop.
        return new JsonObject
        {
            ["RunningTasks"] = tasks.Count(task => task.State == TaskState.Running),
            ["DesiredTasks"] = desired,
            ["CompletedTasks"] = tasks.Count(task => task.State == TaskState.Complete),
        };
    }
}

/// <summary>What Swarm assumes where a spec says nothing.</summary>
internal static class ServiceDefaults
{
    private const long Second = 1_000_000_000;

    /// <summary>As Docker stores a new spec.</summary>
    public static void Complete(JsonObject spec)
    {
        spec["Labels"] ??= new JsonObject();
        var task = spec.Child("TaskTemplate");
        if (spec["Networks"] is JsonArray { Count: > 0 } networks && task["Networks"] is not JsonArray { Count: > 0 })
        {
            task["Networks"] = networks.DeepClone();
        }

        spec.Remove("Networks");
        task["ForceUpdate"] ??= 0;
        task["Runtime"] ??= "container";
        task.Object("ContainerSpec")?.DefaultText("Isolation", "default");
        foreach (var config in new[] { spec.Object("UpdateConfig"), spec.Object("RollbackConfig") })
        {
            config?.DefaultText("FailureAction", "pause");
            config?.DefaultText("Order", "stop-first");
        }

        var mode = spec.Child("Mode");
        if (mode.Count == 0)
        {
            mode["Replicated"] = new JsonObject();
        }

        if (mode["Replicated"] is JsonObject replicated)
        {
            replicated["Replicas"] ??= 1;
        }

        if (mode["ReplicatedJob"] is JsonObject job)
        {
            job["MaxConcurrent"] ??= 1;
            job["TotalCompletions"] ??= job["MaxConcurrent"]!.DeepClone();
        }

        var endpoint = spec.Child("EndpointSpec");
        if (endpoint.String("Mode") is null or "")
        {
            endpoint["Mode"] = "vip";
        }

        foreach (var port in endpoint.Objects("Ports"))
        {
            port.DefaultText("Protocol", "tcp");
            port.DefaultText("PublishMode", "ingress");
        }
    }

    /// <summary>For <c>docker service inspect</c>.</summary>
    public static void Insert(JsonObject spec)
    {
        var task = spec.Child("TaskTemplate");
        if (task["ContainerSpec"] is JsonObject container)
        {
            container["StopGracePeriod"] ??= 10 * Second;
            container["DNSConfig"] ??= new JsonObject();
        }

        var policy = task.Child("RestartPolicy");
        policy["Condition"] ??= "any";
        policy["Delay"] ??= 5 * Second;
        policy["MaxAttempts"] ??= 0;
        if (!spec.Child("Mode").ContainsKey("ReplicatedJob") && !spec.Child("Mode").ContainsKey("GlobalJob"))
        {
            Update(spec, "UpdateConfig");
            Update(spec, "RollbackConfig");
        }
    }

    private static void Update(JsonObject spec, string name)
    {
        spec[name] ??= new JsonObject { ["Parallelism"] = 1, ["FailureAction"] = "pause", ["MaxFailureRatio"] = 0, ["Order"] = "stop-first" };
        var config = spec.Child(name);
        if (config.Integer("Monitor") is null or 0)
        {
            config["Monitor"] = 5 * Second;
        }
    }
}
