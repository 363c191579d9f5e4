using Flotilla.Node.Probes.Grpc;
using Flotilla.Node.Tests.Probes;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class ProbeScenesTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task A_tcp_probe_passes_when_somebody_listens()
    {
        await using var host = await AgentHost.StartAsync(node);
        var probe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = "web" }, PeriodSeconds = 1, FailureThreshold = 1 };
        var listening = host.Create(Pod("listening", probe, "sh", "-c", "mkdir /www; exec httpd -f -p 8080 -h /www"));
        var silent = host.Create(Pod("silent", probe));
        await host.UntilAsync(listening, IsReady);
        var ip = (await host.UntilAsync(silent, _ => host.Events(silent).Any(text => text.Contains("Unhealthy", StringComparison.Ordinal)))).Status.PodIP;
        Assert.Contains($"Warning Unhealthy Readiness probe failed: dial tcp {ip}:8080: connect: connection refused spec.containers{{c}}", host.Events(silent));
        Assert.False(IsReady(host.Get(silent)!));
        await host.RemoveAsync(listening);
        await host.RemoveAsync(silent);
    }

    [Fact]
    public async Task A_grpc_probe_follows_the_health_service()
    {
        await using var server = new HealthServer();
        await server.StartAsync();
        server.Services["app"] = HealthCheckResponse.Types.ServingStatus.Serving;
        await using var host = await AgentHost.StartAsync(node);
        var probe = new V1Probe { Grpc = new V1GRPCAction { Port = server.Port, Service = "app" }, PeriodSeconds = 1, FailureThreshold = 1 };
        var pod = Pod("grpc", probe);
        pod.Spec.HostNetwork = true;
        host.Create(pod);
        await host.UntilAsync(pod, IsReady);
        server.Services["app"] = HealthCheckResponse.Types.ServingStatus.NotServing;
        await host.UntilAsync(pod, current => !IsReady(current));
        Assert.Contains("Warning Unhealthy Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\") spec.containers{c}", host.Events(pod));
        await host.RemoveAsync(pod);
    }

    private static bool IsReady(V1Pod pod) => pod.Status.ContainerStatuses?[0].Ready == true;

    private static V1Pod Pod(string name, V1Probe probe, params string[] command) => AgentHost.Pod(
        name,
        spec =>
        {
            spec.Containers[0].ReadinessProbe = probe;
            spec.Containers[0].Ports = [new V1ContainerPort { Name = "web", ContainerPort = 8080 }];
        },
        command);
}
