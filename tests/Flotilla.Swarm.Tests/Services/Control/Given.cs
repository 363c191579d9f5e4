using System.Globalization;
using System.Text.Json;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Tasks;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Services.Control;

/// <summary>Services, tasks and nodes for plans.</summary>
internal static class Given
{
    public static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    /// <param name="mode">Docker's JSON, as is <paramref name="rest"/>, further fields of the spec.</param>
    public static SwarmService Service(string mode = """{"Replicated":{"Replicas":2}}""", string template = "{}", string rest = "") => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "00000000-0000-0000-0000-000000000001", Generation = 1 },
        Spec = JsonElement.Parse($$"""{"Name":"web","Mode":{{mode}},"TaskTemplate":{{template}}{{rest}}}"""),
    };

    /// <param name="ago">Seconds since the state began; the task was made a second before.</param>
    public static ServiceTask Task(SwarmService service, int slot, TaskState state = TaskState.Running, int ago = 60, string? hash = null, string? node = "n1", string? forNode = null, bool isStopping = false, int ranSeconds = 1)
    {
        var at = Now.AddSeconds(-ago);
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Uid = Guid.NewGuid().ToString(),
                Labels = new Dictionary<string, string>
                {
                    [SwarmApi.TaskIdLabel] = string.Create(CultureInfo.InvariantCulture, $"task-{slot}-{ago}"),
                    [SwarmApi.Slot] = slot.ToString(CultureInfo.InvariantCulture),
                    [SwarmApi.TemplateHash] = hash ?? service.Hash,
                },
                Annotations = new Dictionary<string, string> { [SwarmApi.CreatedAt] = at.AddSeconds(-1 - ranSeconds).ToString("O") },
                Finalizers = [SwarmApi.History],
                DeletionTimestamp = isStopping || state == TaskState.Shutdown ? at : null,
            },
            Spec = new V1PodSpec { NodeName = state == TaskState.Pending ? null : node, Containers = [new V1Container { Name = "web", Image = "web" }] },
            Status = new V1PodStatus
            {
                Phase = state switch { TaskState.Complete => "Succeeded", TaskState.Failed or TaskState.Shutdown => "Failed", TaskState.Pending or TaskState.Preparing => "Pending", _ => "Running" },
                ContainerStatuses = state is TaskState.Pending or TaskState.Preparing ? null :
                [
                    new V1ContainerStatus
                    {
                        Name = "web",
                        State = state == TaskState.Running
                            ? new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = at } }
                            : new V1ContainerState { Terminated = new V1ContainerStateTerminated { ExitCode = state == TaskState.Complete ? 0 : 1, StartedAt = at.AddSeconds(-ranSeconds), FinishedAt = at } },
                    },
                ],
            },
        };
        if (forNode is not null)
        {
            pod.Metadata.Annotations[SwarmApi.ForNode] = forNode;
            pod.Metadata.Labels.Remove(SwarmApi.Slot);
        }

        return ServiceTask.Of(pod, _ => true);
    }

    public static PlanInput Input(SwarmService service, params ServiceTask[] tasks) => new(service, tasks, Nodes("n1", "n2"), 5, Now);

    public static Dictionary<string, NodeState> Nodes(params string[] names) => names.ToDictionary(
        name => name, name => new NodeState(new V1Node { Metadata = new V1ObjectMeta { Name = name, Uid = Guid.NewGuid().ToString() } }, "id-" + name, true, "active", true), StringComparer.Ordinal);
}
