using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Status;
using Flotilla.Node.Tests.Live;
using Microsoft.Extensions.Logging.Abstractions;
using k8s.Models;

namespace Flotilla.Node.Tests.Status;

public sealed class NodeConditionsTests
{
    [Fact]
    public void A_condition_keeps_its_transition_time_while_its_status_stays()
    {
        var first = NodeConditions.Merge(null, NodeConditions.For(default, "starting"), new DateTime(2026, 1, 1));
        var second = NodeConditions.Merge(first, NodeConditions.For(default, null), new DateTime(2026, 1, 2));
        Assert.Equal(new DateTime(2026, 1, 1), second.Single(condition => condition.Type == "MemoryPressure").LastTransitionTime);
        Assert.Equal(new DateTime(2026, 1, 2), second.Single(condition => condition.Type == "Ready").LastTransitionTime);
        Assert.Equal(["NodeReady"], NodeConditions.EventsFor(first, second));
    }

    [Fact]
    public void The_network_of_the_runtime_must_be_ready()
    {
        var reason = RuntimeState.Reason(
        [
            new RuntimeCondition { Type = "RuntimeReady", Status = true },
            new RuntimeCondition { Type = "NetworkReady", Status = false, Reason = "NetworkPluginNotReady", Message = "cni plugin not initialized" },
        ]);
        Assert.Equal("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized", reason);
    }

    [Fact]
    public void Handlers_are_told_by_name_and_not_at_all_by_an_old_runtime()
    {
        var answer = new StatusResponse();
        Assert.Null(RuntimeState.HandlersOf(answer));
        answer.RuntimeHandlers.Add(new RuntimeHandler { Name = "runc", Features = new RuntimeHandlerFeatures { RecursiveReadOnlyMounts = true } });
        answer.RuntimeHandlers.Add(new RuntimeHandler { Name = "" });
        var handlers = RuntimeState.HandlersOf(answer)!;
        Assert.Equal(["", "runc"], handlers.Select(handler => handler.Name));
        Assert.Equal((true, false), (handlers[1].Features.RecursiveReadOnlyMounts, handlers[1].Features.UserNamespaces));
    }
}

public sealed class NodeRegistrationTests
{
    [Fact]
    public async Task Servers_that_change_places_at_that_moment_keep_no_node_from_starting()
    {
        var client = new MemoryClient();
        client.FailuresToCome.Enqueue(MemoryClient.Failure(503, "ServiceUnavailable", "the cluster's store failed"));
        client.FailuresToCome.Enqueue(new HttpRequestException("no server answers"));
        using var runtime = new CriClient("/nobody/listens/here");
        using var events = new EventRecorder(client, "kubelet", TimeProvider.System, NullLogger.Instance, "node-1");
        using var service = new NodeStatusService(new NodeOptions { NodeName = "node-1" }, client, runtime, events, TimeProvider.System, NullLogger<NodeStatusService>.Instance);
        await service.RegisterEarlyAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(client.Find<V1Node>(new ObjectKey(null, "node-1")));

        // What the cluster refuses for good is told.
        client.FailuresToCome.Enqueue(MemoryClient.Failure(403, "Forbidden", "not here"));
        await Assert.ThrowsAsync<ApiException>(() => service.RegisterEarlyAsync(TestContext.Current.CancellationToken));
    }
}

public sealed class NodeStatusServiceTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task A_node_registers_becomes_ready_and_holds_its_lease()
    {
        var client = new MemoryClient();
        using var events = new EventRecorder(client, "kubelet", TimeProvider.System, NullLogger.Instance, "node-1");
        using var service = new NodeStatusService(
            node.Options, client, node.Runtime, events, TimeProvider.System, NullLogger<NodeStatusService>.Instance);
        await events.StartAsync(TestContext.Current.CancellationToken);
        await service.StartAsync(TestContext.Current.CancellationToken);
        await service.WaitUntilReadyAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10));

        var found = client.Find<V1Node>(new ObjectKey(null, "node-1"))!;
        Assert.Equal("True", found.Status.Conditions.Single(condition => condition.Type == "Ready").Status);
        Assert.StartsWith("containerd://1.", found.Status.NodeInfo.ContainerRuntimeVersion, StringComparison.Ordinal);
        Assert.Equal("node-1", found.Metadata.Labels["kubernetes.io/hostname"]);
        Assert.Contains(found.Status.Images, image => image.Names.Contains("docker.io/library/busybox:latest"));
        using var bounded = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while (client.All<V1Lease>().Count == 0 || !client.All<Corev1Event>().Any(item => item.Reason == "NodeReady"))
        {
            await Task.Delay(20, bounded.Token);
        }
        Assert.Equal("node-1", client.All<V1Lease>()[0].Spec.HolderIdentity);
        await service.StopAsync(CancellationToken.None);
        await events.StopAsync(CancellationToken.None);

        // What has not changed is not written again.
        Assert.True(NodeStatusComparison.Same(found.Status, ObjectJson.Decode<V1NodeStatus>(ObjectJson.Encode(found.Status))));
    }
}
