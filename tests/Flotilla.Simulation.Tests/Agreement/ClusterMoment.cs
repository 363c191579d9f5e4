using System.Text.Json.Nodes;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>
/// What both APIs say of one moment: the Docker API's answers came between two lists of Kubernetes' that are the same to the
/// resourceVersion, so nothing changed meanwhile.
/// </summary>
internal sealed record ClusterMoment(JsonArray Services, JsonArray Tasks, JsonArray Nodes, KubernetesView Kubernetes)
{
    /// <returns>null: something changed meanwhile, and there is nothing to compare.</returns>
    public static async Task<ClusterMoment?> LookAsync(DockerApi docker, Func<string, Task<JsonNode>> kubernetes)
    {
        var before = await KubernetesView.ReadAsync(kubernetes);
        var moment = new ClusterMoment(await docker.ListAsync("/services?status=true"), await docker.ListAsync("/tasks"), await docker.ListAsync("/nodes"), before);
        return (await KubernetesView.ReadAsync(kubernetes)).Versions.SetEquals(before.Versions) ? moment : null;
    }
}

/// <summary>The objects of the Kubernetes API that a swarm is made of.</summary>
internal sealed record KubernetesView(JsonArray Pods, JsonArray Services, JsonArray Nodes)
{
    /// <summary>Who is there, each in which version.</summary>
    public HashSet<string> Versions { get; } = [.. Pods.Concat(Services).Concat(Nodes).Select(item => $"{item!["metadata"]!["uid"]} {item["metadata"]!["resourceVersion"]}")];

    public static async Task<KubernetesView> ReadAsync(Func<string, Task<JsonNode>> kubernetes) => new(
        await ItemsAsync(kubernetes, "/api/v1/namespaces/default/pods?labelSelector=com.docker.swarm.service.id"),
        await ItemsAsync(kubernetes, "/apis/swarm.flotilla.dev/v1alpha1/namespaces/default/services"),
        await ItemsAsync(kubernetes, "/api/v1/nodes"));

    private static async Task<JsonArray> ItemsAsync(Func<string, Task<JsonNode>> kubernetes, string path) => (JsonArray)(await kubernetes(path))["items"]!;
}
