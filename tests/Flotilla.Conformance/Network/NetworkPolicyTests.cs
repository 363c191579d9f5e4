using Flotilla.Conformance.Apps;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Network;

/// <summary>Network policies between real pods: the packets stop, and go again.</summary>
public sealed class NetworkPolicyTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_denied_pod_opens_to_those_a_policy_names_as_their_labels_change()
    {
        await using var space = await SpaceAsync();
        var server = (await space.PodAsync("server")).Status.PodIP;
        Assert.Contains("server GET", await space.FetchAsync("client", $"{server}:8080"), StringComparison.Ordinal);
        await PolicyAsync(space, "deny", "{podSelector: {}, policyTypes: [Ingress]}");
        await space.FetchUntilAsync("client", $"{server}:8080", "failed");
        Assert.StartsWith("server GET", await NetSpace.NodeFetchAsync($"{server}:8080"), StringComparison.Ordinal);
        await PolicyAsync(space, "allow", "{podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {role: friend}}}], ports: [{port: web}]}]}");
        await LabelAsync(space, "client", "friend");
        await space.FetchUntilAsync("client", $"{server}:8080", "server GET");
        Assert.Contains("failed", await space.FetchAsync("client", $"{server}:8081"), StringComparison.Ordinal);
        await LabelAsync(space, "client", "stranger");
        await space.FetchUntilAsync("client", $"{server}:8080", "failed");
        await space.Client.NetworkingV1.DeleteNamespacedNetworkPolicyAsync("deny", space.Name);
        await space.Client.NetworkingV1.DeleteNamespacedNetworkPolicyAsync("allow", space.Name);
        await space.FetchUntilAsync("client", $"{server}:8080", "server GET");
    }

    [Fact]
    public async Task Other_namespaces_are_told_apart_by_their_labels()
    {
        await using var space = await SpaceAsync();
        await using var friends = await Space.CreateAsync(cluster, new Dictionary<string, string> { ["kind"] = space.Name });
        await friends.ClientAsync();
        var server = (await space.PodAsync("server")).Status.PodIP;
        await PolicyAsync(space, "allow", $"{{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{kind: {space.Name}}}}}}}]}}]}}");
        await space.FetchUntilAsync("client", $"{server}:8080", "failed");
        Assert.Contains("server GET", await friends.FetchAsync("client", $"{server}:8080"), StringComparison.Ordinal);
        await space.Client.CoreV1.PatchNamespaceAsync(WorkloadSpace.Merge("""{"metadata":{"labels":{"kind":"none"}}}"""), friends.Name);
        await friends.FetchUntilAsync("client", $"{server}:8080", "failed");
    }

    [Fact]
    public async Task A_pod_is_guarded_before_its_first_program_runs()
    {
        await using var space = await SpaceAsync();
        var server = (await space.PodAsync("server")).Status.PodIP;
        await PolicyAsync(space, "closed", "{podSelector: {matchLabels: {app: early}}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}");
        var script = $"curl -sS -m 2 http://{server}:8080 2>&1 || echo denied; nslookup server-service.{space.Name}.svc.cluster.local";
        await space.ServiceAsync("server-service", "{clusterIP: None, selector: {app: server}, ports: [{port: 80}]}");
        await space.UntilAsync(() => space.ShellAsync("client", "getent ahostsv4 server-service || true"), found => found.Length > 0);
        var output = await space.OutputAsync(Node.PodYaml.Once("early", script).Replace("my-image", NetSpace.Image, StringComparison.Ordinal));
        Assert.Contains("denied", output, StringComparison.Ordinal);
        Assert.Contains(server, output, StringComparison.Ordinal);
        Assert.DoesNotContain("server GET", output, StringComparison.Ordinal);
    }

    private static Task PolicyAsync(Space space, string name, string spec)
    {
        var policy = KubernetesYaml.Deserialize<V1NetworkPolicy>($"metadata: {{name: {name}}}\nspec: {spec}\n");
        return space.Client.NetworkingV1.CreateNamespacedNetworkPolicyAsync(policy, space.Name);
    }

    private static Task LabelAsync(Space space, string pod, string role) =>
        space.Client.CoreV1.PatchNamespacedPodAsync(WorkloadSpace.Merge($"{{\"metadata\":{{\"labels\":{{\"role\":\"{role}\"}}}}}}"), pod, space.Name);

    private async Task<Space> SpaceAsync()
    {
        await NetSpace.PrepareAsync(cluster);
        var space = await Space.CreateAsync(cluster);
        await Task.WhenAll(space.ClientAsync(), space.ServeAsync("server", "tcp:8080 tcp:8081", "[{name: web, containerPort: 8080}]"));
        return space;
    }
}
