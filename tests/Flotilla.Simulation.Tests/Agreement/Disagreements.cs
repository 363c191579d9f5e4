using System.Globalization;
using System.Text.Json.Nodes;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>Where the two APIs tell of one moment what cannot both be, in words. Pure.</summary>
internal static class Disagreements
{
    public static IEnumerable<string> In(ClusterMoment moment)
    {
        var ready = moment.Kubernetes.Nodes.Where(IsReady).Select(NameOf).ToHashSet(StringComparer.Ordinal);
        var services = moment.Kubernetes.Services.ToDictionary(service => (string)service!["spec"]!["Name"]!, service => service!, StringComparer.Ordinal);
        var owners = services.Values.Select(service => (string)service["metadata"]!["uid"]!).ToHashSet(StringComparer.Ordinal);

        // Docker knows nothing of a service that was removed; its pods still have to stop.
        var pods = moment.Kubernetes.Pods.Where(pod => owners.Contains((string)pod!["metadata"]!["ownerReferences"]![0]!["uid"]!)).Select(pod => PodAsTask.Of(pod!, ready.Contains)).ToList();
        return [.. InNodes(moment, ready), .. InServices(moment, services, pods), .. InTasks(moment, pods)];
    }

    private static IEnumerable<string> InNodes(ClusterMoment moment, HashSet<string> ready) => Compare(
        "nodes",
        moment.Nodes.Select(node => (HostOf(node!), $"{node!["Status"]!["State"]} {((string)node["Spec"]!["Availability"]! == "active" ? "schedulable" : "not")}")),
        moment.Kubernetes.Nodes.Select(node => (NameOf(node), $"{(ready.Contains(NameOf(node)) ? "ready" : "down")} {((bool?)node!["spec"]!["unschedulable"] == true ? "not" : "schedulable")}")));

    private static IEnumerable<string> InServices(ClusterMoment moment, Dictionary<string, JsonNode> services, List<PodAsTask> pods)
    {
        var ids = moment.Services.ToDictionary(service => (string)service!["Spec"]!["Name"]!, service => (string)service!["ID"]!, StringComparer.Ordinal);
        return Compare(
            "services",
            moment.Services.Select(service => ((string)service!["Spec"]!["Name"]!, $"{service["ServiceStatus"]!["RunningTasks"]}/{service["ServiceStatus"]!["DesiredTasks"]} version {service["Version"]!["Index"]}")),
            services.Select(service => (service.Key, $"{ReplicasOf(service.Value, [.. pods.Where(pod => pod.Service == ids.GetValueOrDefault(service.Key))])} version {service.Value["metadata"]!["generation"]}")));
    }

    private static string ReplicasOf(JsonNode service, List<PodAsTask> pods)
    {
        var desired = (long?)service["spec"]!["Mode"]!["Replicated"]?["Replicas"] ?? pods.Count(pod => pod.Desired == "running");
        return string.Create(CultureInfo.InvariantCulture, $"{pods.Count(pod => pod.IsRunning)}/{desired}");
    }

    private static IEnumerable<string> InTasks(ClusterMoment moment, List<PodAsTask> pods)
    {
        var hosts = moment.Nodes.ToDictionary(node => (string)node!["ID"]!, node => HostOf(node!), StringComparer.Ordinal);
        var tasks = moment.Tasks.ToDictionary(task => (string)task!["ID"]!, task => task!, StringComparer.Ordinal);
        var places = Compare(
            "tasks",
            tasks.Values.Select(task => ((string)task["ID"]!, $"{task["ServiceID"]} slot {task["Slot"]} {task["DesiredState"]} on {((string?)task["NodeID"] is { } node ? hosts.GetValueOrDefault(node, node) : "none")}")),
            pods.Select(pod => (pod.Id, $"{pod.Service} slot {pod.Slot} {pod.Desired} on {pod.Node ?? (pod.Slot is null ? NodeOf(tasks, hosts, pod) : "none")}")));
        var states = pods.Where(pod => tasks.TryGetValue(pod.Id, out var task) && !pod.States.Contains((string)task["Status"]!["State"]!, StringComparer.Ordinal))
            .Select(pod => $"task {pod.Id} is {tasks[pod.Id]["Status"]!["State"]}, its pod {string.Join(" or ", pod.States)}");
        return [.. places, .. states];
    }

    // A global task is told with the node it is for before it is there.
    private static string NodeOf(Dictionary<string, JsonNode> tasks, Dictionary<string, string> hosts, PodAsTask pod) =>
        tasks.TryGetValue(pod.Id, out var task) && (string?)task["NodeID"] is { } node ? hosts.GetValueOrDefault(node, "unknown") : "none";

    private static IEnumerable<string> Compare(string what, IEnumerable<(string Key, string Value)> docker, IEnumerable<(string Key, string Value)> kubernetes)
    {
        var (here, there) = (docker.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal), kubernetes.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));
        return here.Keys.Union(there.Keys, StringComparer.Ordinal).Where(key => here.GetValueOrDefault(key) != there.GetValueOrDefault(key))
            .Select(key => $"{what}: {key} is '{here.GetValueOrDefault(key, "not there")}' to docker, '{there.GetValueOrDefault(key, "not there")}' to kubectl");
    }

    private static bool IsReady(JsonNode? node) => node!["status"]!["conditions"]!.AsArray().Any(condition => (string)condition!["type"]! == "Ready" && (string)condition["status"]! == "True");

    private static string NameOf(JsonNode? node) => (string)node!["metadata"]!["name"]!;

    private static string HostOf(JsonNode node) => (string)node["Description"]!["Hostname"]!;
}
