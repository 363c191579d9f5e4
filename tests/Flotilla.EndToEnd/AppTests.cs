using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The course's Deployment and a Service in front of it, as a new user tries them.</summary>
public sealed class AppTests(Cluster cluster)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    [Fact]
    public async Task The_example_is_ready_and_answers_everywhere()
    {
        var example = Path.Combine(Repository.Root, "examples", "my-app");
        await cluster.KubectlOkAsync("apply", "-f", Path.Combine(example, "deployment.yaml"), "-f", Path.Combine(example, "service.yaml"));
        await cluster.KubectlOkAsync("rollout", "status", "deployment/my-app", "--timeout=90s");

        Assert.Matches(@"my-app\s+2/2\s+2\s+2", await cluster.KubectlOkAsync("get", "deployment", "my-app"));
        var status = (await cluster.GetAsync("deployment", "my-app"))["status"]!;
        Assert.Equal(2, (int)status["availableReplicas"]!);
        Assert.Equal(1, (int)status["observedGeneration"]!);
        Assert.Equal(
            ["Available=True MinimumReplicasAvailable", "Progressing=True NewReplicaSetAvailable"],
            status["conditions"]!.AsArray().Select(one => $"{one!["type"]}={one["status"]} {one["reason"]}").Order());

        var clusterIp = await cluster.KubectlOkAsync("get", "service", "my-app", "-o", "jsonpath={.spec.clusterIP}");
        foreach (var address in new[] { clusterIp, "127.0.0.1:30080" })
        {
            var text = await Eventually.ContainsAsync(() => FetchAsync($"http://{address}/"), "SOME_ENV=", 10);
            Assert.StartsWith("SOME_ENV=$SOME_ENV from my-app-", text, StringComparison.Ordinal);
        }

        await cluster.KubectlOkAsync("delete", "-f", example, "--wait=true", "--timeout=60s");
    }

    [Fact]
    public async Task A_load_balancer_is_reached_at_the_node_where_the_cluster_has_no_other_addresses()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync(replicas: 1);
        await space.OkAsync("expose", "deployment", "my-app", "--name", "balanced", "--type", "LoadBalancer", "--port", "8089", "--target-port", "8080", "--overrides", """{"apiVersion":"v1","spec":{"externalTrafficPolicy":"Local"}}""");
        var node = await space.FieldAsync("nodes", ".items[0].status.addresses[?(@.type==\"InternalIP\")].address");
        await Eventually.GetAsync(() => space.FieldAsync("service/balanced", ".status.loadBalancer.ingress[*]"), text => text.Contains($"\"{node}\"", StringComparison.Ordinal) && text.Contains("VIP", StringComparison.Ordinal), 30);

        await Eventually.ContainsAsync(() => FetchAsync($"http://{node}:8089/"), "SOME_ENV=", 10);
        var port = await space.FieldAsync("service/balanced", ".spec.healthCheckNodePort");
        Assert.Contains("\"localEndpoints\": 1", await Eventually.ContainsAsync(() => FetchAsync($"http://{node}:{port}/"), "localEndpoints", 10), StringComparison.Ordinal);
        Assert.Contains("EnsuredLoadBalancer", await Eventually.GetAsync(() => space.OkAsync("get", "events"), list => list.Contains("EnsuredLoadBalancer", StringComparison.Ordinal), 30), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_finds_services_by_name()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        await space.ApplyAsync(Manifests.Service("my-app"));
        await space.ApplyAsync(Manifests.Pod("client", "sleep 3600"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/client", "--timeout=60s");

        foreach (var name in new[] { "my-app", $"my-app.{space.Name}", $"my-app.{space.Name}.svc.cluster.local" })
        {
            Assert.Contains("SOME_ENV=hello", await space.OkAsync("exec", "client", "--", "sh", "-c", $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 $(getent ahostsv4 {name} | awk '{{ print $1; exit }}') 80"), StringComparison.Ordinal);
        }

        var address = await space.FieldAsync("service/my-app", ".spec.clusterIP");
        Assert.Contains(address, await space.OkAsync("exec", "client", "--", "nslookup", $"my-app.{space.Name}.svc.cluster.local"), StringComparison.Ordinal);
        Assert.Contains("NXDOMAIN", (await space.RunAsync("exec", "client", "--", "nslookup", "nowhere.default.svc.cluster.local")).All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_api_server_is_a_service_too()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Pod("client", "sleep 3600"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/client", "--timeout=60s");

        Assert.Contains("kubernetes.default.svc", (await space.RunAsync("exec", "client", "--", "nslookup", "kubernetes.default.svc.cluster.local")).All, StringComparison.Ordinal);
        (await space.RunAsync("exec", "client", "--", "nc", "-w", "3", "kubernetes.default", "443")).Success();
    }

    [Fact]
    public async Task Port_forward_reaches_a_service()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        await space.ApplyAsync(Manifests.Service("my-app"));
        using var forward = cluster.StartKubectl("-n", space.Name, "port-forward", "service/my-app", ":80");
        try
        {
            var line = await forward.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? await forward.StandardError.ReadToEndAsync();
            var port = line.Split("127.0.0.1:")[1].Split(' ')[0];
            for (var i = 0; i < 5; i++)
            {
                Assert.StartsWith("SOME_ENV=hello", await FetchAsync($"http://127.0.0.1:{port}/"), StringComparison.Ordinal);
            }
        }
        finally
        {
            forward.Kill();
        }
    }

    [Fact]
    public async Task A_host_port_leads_to_its_pod()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: {name: direct}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
                - {name: web, image: my-image, env: [{name: SOME_ENV, value: direct}], ports: [{containerPort: 8080, hostPort: 18080}]}
            """);
        await space.OkAsync("wait", "--for=condition=Ready", "pod/direct", "--timeout=60s");

        await Eventually.ContainsAsync(() => FetchAsync("http://127.0.0.1:18080/"), "SOME_ENV=direct", 10);
    }

    private static async Task<string> FetchAsync(string address)
    {
        try
        {
            return await Http.GetStringAsync(new Uri(address));
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return error.Message;
        }
    }
}
