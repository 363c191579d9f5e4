using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Services;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>A task as Docker's Task.</summary>
internal static class TaskView
{
    public static ServiceTask Read(V1Pod pod, SwarmInformers known) =>
        ServiceTask.Of(pod, name => known.Nodes.Get(new(null, name)) is { } node && Nodes.NodeView.IsReady(node));

    /// <param name="networks">All there are.</param>
    public static JsonObject Of(ServiceTask task, SwarmService service, SwarmInformers known, IReadOnlyList<NetworkEntry> networks)
    {
        var value = new JsonObject
        {
            ["ID"] = task.Id,
            ["Version"] = new JsonObject { ["Index"] = task.Pod.Version() },
            ["CreatedAt"] = task.CreatedAt,
            ["UpdatedAt"] = task.Status.At,
            ["Labels"] = new JsonObject(),
            ["Spec"] = JsonNode.Parse(task.Annotation(SwarmApi.TaskSpec) ?? "{}"),
            ["ServiceID"] = task.ServiceId,
        };
        if (task.ForNode is null)
        {
            value["Slot"] = task.Slot;
        }

        if (NodeIdOf(task, known) is { } node)
        {
            value["NodeID"] = node;
        }

        value["Status"] = StatusOf(task, service);
        value["DesiredState"] = task.Desired.Text();
        value["NetworksAttachments"] = TaskNetworks.Of(task, service, known, networks);
        value["GenericResources"] = new JsonArray();
        value["Volumes"] = new JsonArray();
        if (task.Annotation(SwarmApi.Iteration) is not null)
        {
            value["JobIteration"] = new JsonObject { ["Index"] = task.Iteration };
        }

        return value;
    }

    public static string? NodeIdOf(ServiceTask task, SwarmInformers known) =>
        (task.Node ?? task.ForNode) is { } name && known.Nodes.Get(new(null, name)) is { } node ? SwarmInformers.IdOf(node) : null;

    /// <summary>As <c>docker service ps</c> shows it.</summary>
    public static string NameOf(ServiceTask task, SwarmService service, SwarmInformers known) =>
        $"{service.Name}.{(task.ForNode is null ? task.Slot.ToString(CultureInfo.InvariantCulture) : NodeIdOf(task, known) ?? task.ForNode)}.{task.Id}";

    private static JsonObject StatusOf(ServiceTask task, SwarmService service)
    {
        var value = new JsonObject { ["Timestamp"] = task.Status.At, ["State"] = task.State.Text(), ["Message"] = task.Status.Message };
        if (task.Status.Error is { Length: > 0 } error)
        {
            value["Err"] = error;
        }

        var container = task.Pod.Status?.ContainerStatuses?.FirstOrDefault();
        if (container?.ContainerID is { Length: > 0 } id)
        {
            value["ContainerStatus"] = new JsonObject
            {
                ["ContainerID"] = id[(id.LastIndexOf('/') + 1)..], ["PID"] = 0, ["ExitCode"] = container.State?.Terminated?.ExitCode ?? 0,
            };
        }

        value["PortStatus"] = PortsOf(task, service);
        return value;
    }

    private static JsonObject PortsOf(ServiceTask task, SwarmService service)
    {
        var ports = (service.Read.EndpointSpec?.Ports ?? []).Where(port => port.IsHost && task is { IsAlive: true, State: TaskState.Running })
            .Select(port => (JsonNode)new JsonObject { ["Protocol"] = port.Transport, ["TargetPort"] = port.TargetPort, ["PublishedPort"] = port.PublishedPort, ["PublishMode"] = "host" }).ToArray();
        return ports.Length == 0 ? [] : new JsonObject { ["Ports"] = new JsonArray(ports) };
    }
}
