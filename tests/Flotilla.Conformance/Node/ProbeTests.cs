using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>Probes of every kind, of containers that pass and that stop to pass.</summary>
public sealed class ProbeTests(LiveCluster cluster)
{
    private const string Healthy = "mkdir -p /www; echo ok > /tmp/health; echo ok > /www/healthz; httpd -f -p 8080 -h /www";
    private const string Ailing = "mkdir -p /www; echo ok > /tmp/health; echo ok > /www/healthz; httpd -p 8080 -h /www; sleep 2; rm /tmp/health /www/healthz; sleep 600";

    [Theory]
    [InlineData("httpGet: {path: /healthz, port: 8080}")]
    [InlineData("exec: {command: [cat, /tmp/health]}")]
    [InlineData("tcpSocket: {port: 8080}")]
    public async Task A_container_that_passes_is_not_restarted(string probe)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("passes", PodYaml.Container("main", Healthy, $"livenessProbe: {{{probe}, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1}}, readinessProbe: {{{probe}, periodSeconds: 1, initialDelaySeconds: 5}}")));
        var pod = await space.ReadyPodAsync("passes");
        Assert.Equal(0, pod.Status.ContainerStatuses[0].RestartCount);
        Assert.DoesNotContain(await space.EventsAsync("passes"), happening => happening.Reason == "Killing");
    }

    [Theory]
    [InlineData("httpGet: {path: /healthz, port: 8080}")]
    [InlineData("exec: {command: [cat, /tmp/health]}")]
    public async Task A_container_that_stops_to_pass_is_restarted(string probe)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("ails", PodYaml.Container("main", Ailing, $"livenessProbe: {{{probe}, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1}}"), "terminationGracePeriodSeconds: 0"));
        await space.PodAsync("ails", pod => pod.Status.ContainerStatuses?[0].RestartCount >= 1, 30);
        Assert.StartsWith("Liveness probe failed: ", (await space.EventAsync("ails", "Unhealthy")).Message, StringComparison.Ordinal);
        Assert.Equal("Container main failed liveness probe, will be restarted", (await space.EventAsync("ails", "Killing")).Message);
    }

    [Fact]
    public async Task A_grpc_server_is_asked_for_its_health()
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var server = await HealthServer.StartAsync();
        foreach (var (name, isServing) in new[] { ("serving", true), ("failing", false) })
        {
            server.Set(name, isServing);
            // On the node's own network, where the server is.
            await space.CreatePodAsync(PodYaml.Server(name, $"livenessProbe: {{grpc: {{port: {server.Port}, service: {name}}}, periodSeconds: 1, failureThreshold: 1}}", "hostNetwork: true", "terminationGracePeriodSeconds: 0"));
        }
        var failing = await space.PodAsync("failing", pod => pod.Status.ContainerStatuses?[0].RestartCount >= 1, 30);
        Assert.Contains("service unhealthy", (await space.EventAsync(failing.Metadata.Name, "Unhealthy")).Message, StringComparison.Ordinal);
        Assert.Equal(0, (await space.ReadyPodAsync("serving")).Status.ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public async Task The_restart_count_only_grows()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("grows", PodYaml.Container("main", "sleep 600", "livenessProbe: {exec: {command: ['false']}, periodSeconds: 1, failureThreshold: 1}"), "terminationGracePeriodSeconds: 0"));
        var last = 0;
        while (last < 2)
        {
            var pod = await space.PodAsync("grows", pod => pod.Status.ContainerStatuses is { } statuses && statuses[0].RestartCount != last, 40);
            Assert.True(pod.Status.ContainerStatuses[0].RestartCount > last);
            last = pod.Status.ContainerStatuses[0].RestartCount;
        }
    }

    [Fact]
    public async Task A_pod_is_not_ready_before_the_delay_of_its_readiness_probe()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("delayed", "readinessProbe: {exec: {command: ['true']}, initialDelaySeconds: 4, periodSeconds: 1}"));
        var pod = await space.ReadyPodAsync("delayed");
        var started = pod.Status.ContainerStatuses[0].State.Running.StartedAt!.Value;
        var ready = pod.Status.Conditions.First(condition => condition.Type == "Ready").LastTransitionTime!.Value;
        Assert.True(ready - started >= TimeSpan.FromSeconds(3), $"started {started:O}, ready {ready:O}");
        Assert.Equal(0, pod.Status.ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public async Task A_pod_whose_readiness_probe_fails_never_gets_ready_nor_restarted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("unready", "readinessProbe: {exec: {command: ['false']}, initialDelaySeconds: 0, periodSeconds: 1}"));
        await space.UntilAsync(() => space.EventsAsync("unready"), events => events.Any(happening => happening is { Reason: "Unhealthy", Count: >= 4 }) || events.Count(happening => happening.Reason == "Unhealthy") >= 4);
        var status = (await space.PodAsync("unready")).Status.ContainerStatuses[0];
        Assert.Equal((false, 0), (status.Ready, status.RestartCount));
    }
}
